// Two operators of one kind with the same attributes and inputs give the same values: the second reads from the first.

#include <unordered_map>

#include "base/error.h"
#include "prepare/editor.h"
#include "prepare/prepare.h"

namespace quern {

namespace {

/// Bytes that are equal exactly when what was put in is equal.
class Key {
 public:
  template <typename T>
  void put(const T& number) {
    bytes_.append(reinterpret_cast<const char*>(&number), sizeof number);
  }
  template <typename T>
  void put(const std::vector<T>& numbers) {
    put(numbers.size());
    for (const T& number : numbers) put(number);
  }
  void put(const Clamp& clamp) {
    put(clamp.low);
    put(clamp.high);
  }
  void put(const Value& value) {
    put(value.dtype);
    put(value.quantization.scales);
    put(value.quantization.zero_points);
    put(value.quantization.axis);
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

std::string key_of(const Graph& graph, const Op& op) {
  Key key;
  key.put(op.kind);
  key.put(op.inputs);
  Attrs attrs = op.attrs;
  std::visit([&key](auto& fields) { fields.fields([&key](const char*, const auto& field) { key.put(field); }); },
             attrs);
  for (ValueId id : op.outputs) {
    key.put(id != kNoValue);
    if (id != kNoValue) key.put(graph.value(id));
  }
  return key.take();
}

bool merge(Editor& editor, int index, int first) {
  const Op& op = editor.op(index);
  for (ValueId id : op.outputs) {
    if (id != kNoValue && editor.is_output(id)) return false;
  }
  for (size_t i = 0; i < op.outputs.size(); ++i) {
    if (op.outputs[i] != kNoValue) editor.substitute(op.outputs[i], editor.op(first).outputs[i]);
  }
  editor.remove(index);
  return true;
}

}  // namespace

Result<bool> merge_duplicates(Graph& graph) {
  Editor editor(graph);
  std::unordered_map<std::string, int> seen;
  bool changed = false;
  for (int index = 0; index < editor.op_count(); ++index) {
    const auto [found, is_new] = seen.emplace(key_of(graph, editor.op(index)), index);
    if (!is_new) changed = merge(editor, index, found->second) || changed;
  }
  QUERN_CHECK(editor.finish());
  return changed;
}

}  // namespace quern
