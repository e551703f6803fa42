// Operators whose output is their input, element by element. A graph output keeps its name: its maker takes it over;
// where that cannot be (the input is itself a graph input or output) the operator stays.

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "prepare/editor.h"
#include "prepare/prepare.h"

namespace quern {

namespace {

bool all_equal(const Ints& numbers, int64_t number) {
  return std::all_of(numbers.begin(), numbers.end(), [number](int64_t n) { return n == number; });
}

bool in_order(const Ints& perm) {
  return !perm.empty() && std::is_sorted(perm.begin(), perm.end());
}

bool same_type(const Value& a, const Value& b) {
  return a.dtype == b.dtype && a.quantization == b.quantization && a.shape_known && b.shape_known && a.shape == b.shape;
}

bool clips_nothing(const UnaryAttrs& attrs) {
  return attrs.alpha == -std::numeric_limits<double>::infinity() &&
         attrs.beta == std::numeric_limits<double>::infinity();
}

/// Asked only of operators whose output has the type, quantization and shape of their only input.
bool keeps_elements(const Op& op) {
  switch (op.kind) {
    case OpKind::Identity:
    case OpKind::Reshape:
    case OpKind::Flatten:
    case OpKind::Squeeze:
    case OpKind::Unsqueeze:
    case OpKind::Cast:
    case OpKind::Expand:
    case OpKind::Tile:
    case OpKind::Concat:
    case OpKind::Quantize:
      return true;
    case OpKind::Split:
      return op.outputs.size() == 1;
    case OpKind::Transpose:
      return in_order(std::get<TransposeAttrs>(op.attrs).perm);
    case OpKind::Slice:
      return all_equal(std::get<SliceAttrs>(op.attrs).steps, 1);
    case OpKind::Pad:
      return all_equal(std::get<PadAttrs>(op.attrs).pads, 0);
    case OpKind::Clip:
      return clips_nothing(std::get<UnaryAttrs>(op.attrs));
    default:
      return false;
  }
}

bool is_no_op(const Graph& graph, const Op& op) {
  if (op.inputs.empty() || op.inputs[0] == kNoValue) return false;
  const auto present = std::count_if(op.inputs.begin(), op.inputs.end(), [](ValueId id) { return id != kNoValue; });
  return present == 1 && keeps_elements(op) && same_type(graph.value(op.inputs[0]), graph.value(op.outputs[0]));
}

/// A Reshape reads past the Reshape before it.
bool skip_reshape(Editor& editor, int index) {
  const Op& op = editor.op(index);
  if (op.kind != OpKind::Reshape) return false;
  const int before = editor.producer(op.inputs[0]);
  if (before < 0 || editor.op(before).kind != OpKind::Reshape) return false;
  const ValueId source = editor.op(before).inputs[0];
  if (editor.value(source).quantization != editor.value(op.inputs[0]).quantization) return false;
  editor.set_input(index, 0, source);
  return true;
}

}  // namespace

Result<bool> remove_no_ops(Graph& graph) {
  Editor editor(graph);
  bool changed = false;
  for (int index = 0; index < editor.op_count(); ++index) {
    if (skip_reshape(editor, index)) changed = true;
    const Op& op = editor.op(index);
    if (!is_no_op(graph, op) || !editor.substitute(op.outputs[0], op.inputs[0])) continue;
    editor.remove(index);
    changed = true;
  }
  QUERN_CHECK(editor.finish());
  return changed;
}

}  // namespace quern
