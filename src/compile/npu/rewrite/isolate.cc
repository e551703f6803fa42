#include "compile/npu/rewrite/isolate.h"

#include <algorithm>
#include <set>

#include "compile/npu/rewrite/rework.h"

namespace quern::npu {

namespace {

std::vector<int> ops_around(const Graph& graph, const Uses& uses, int op) {
  std::set<int> ops = {op};
  const Op& middle = graph.ops[static_cast<size_t>(op)];
  for (ValueId id : middle.inputs) {
    if (id == kNoValue || graph.value(id).dtype != DType::float32) continue;
    const int maker = uses.producer[static_cast<size_t>(id)];
    if (maker >= 0 && graph.ops[static_cast<size_t>(maker)].kind == OpKind::Dequantize) ops.insert(maker);
  }
  ops.insert(tail_of(graph, op));
  return {ops.begin(), ops.end()};
}

class Copier {
 public:
  Copier(const Graph& graph, const std::vector<int>& ops) : graph_(graph), uses_(graph), ops_(ops) {
    part_.ops = ops;
    part_.graph.name = graph.name;
  }

  Isolated run() {
    for (int op : ops_) {
      Op copy = graph_.ops[static_cast<size_t>(op)];
      for (ValueId& id : copy.inputs) id = copy_of(id, true);
      for (ValueId& id : copy.outputs) id = copy_of(id, false);
      part_.graph.ops.push_back(std::move(copy));
    }
    for (int op : ops_) {
      for (ValueId id : graph_.ops[static_cast<size_t>(op)].outputs) {
        if (id != kNoValue && is_read_outside(id)) part_.graph.outputs.push_back(copies_.at(id));
      }
    }
    return std::move(part_);
  }

 private:
  ValueId copy_of(ValueId id, bool read) {
    if (id == kNoValue) return id;
    if (const auto found = copies_.find(id); found != copies_.end()) return found->second;
    const ValueId copy = part_.graph.add_value(graph_.value(id));
    part_.origin.push_back(id);
    copies_[id] = copy;
    if (read && !graph_.is_constant(id)) part_.graph.inputs.push_back(copy);
    return copy;
  }

  bool is_read_outside(ValueId id) const {
    const auto& readers = uses_.consumers[static_cast<size_t>(id)];
    return uses_.is_output[static_cast<size_t>(id)] || readers.empty() ||
           std::any_of(readers.begin(), readers.end(),
                       [&](int reader) { return std::find(ops_.begin(), ops_.end(), reader) == ops_.end(); });
  }

  const Graph& graph_;
  const Uses uses_;
  const std::vector<int>& ops_;
  std::map<ValueId, ValueId> copies_;
  Isolated part_;
};

}  // namespace

Isolated isolate(const Graph& graph, int op) {
  const std::vector<int> ops = ops_around(graph, Uses(graph), op);
  return Copier(graph, ops).run();
}

std::vector<std::string> put_back(Graph& graph, const Isolated& part) {
  std::vector<ValueId> ids = part.origin;
  for (size_t i = ids.size(); i < part.graph.values.size(); ++i) {
    Value value = part.graph.values[i];
    value.name = graph.fresh_name(value.name);
    ids.push_back(graph.add_value(std::move(value)));
  }
  std::vector<std::string> names;
  for (const Op& op : part.graph.ops) {
    Op copy = op;
    for (ValueId& id : copy.inputs) id = id == kNoValue ? id : ids[static_cast<size_t>(id)];
    for (ValueId& id : copy.outputs) id = id == kNoValue ? id : ids[static_cast<size_t>(id)];
    names.push_back(copy.name);
    graph.ops.push_back(std::move(copy));
  }
  return names;
}

}  // namespace quern::npu
