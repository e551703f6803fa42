// Operators read from files may take numbers (a shape, axes, pads) from values. infer has written them into the
// attributes where the values are constants; here the inputs go, so that no later stage has to ask where a number comes
// from.

#include "base/error.h"
#include "prepare/prepare.h"

namespace quern {

namespace {

Error not_constant(const Graph& graph, const Op& op, size_t slot) {
  Error error =
      fail(ErrorCode::unsupported,
           "{} '{}': input {} ('{}') is computed from data, but must be known before running; fix the "
           "model's input shapes with --shape, or give the value with --bind {}=FILE",
           info(op.kind).name, op.name, slot, graph.value(op.inputs[slot]).name, graph.value(op.inputs[slot]).name);
  error.op = op.name;
  error.kind = op.source_kind;
  return error;
}

Result<bool> drop_parameters(const Graph& graph, Op& op) {
  const uint32_t parameters = info(op.kind).parameters;
  bool changed = false;
  for (size_t slot = 0; slot < op.inputs.size(); ++slot) {
    if (((parameters >> slot) & 1u) == 0 || op.inputs[slot] == kNoValue) continue;
    if (!graph.is_constant(op.inputs[slot])) return not_constant(graph, op, slot);
    op.inputs[slot] = kNoValue;
    changed = true;
  }
  while (!op.inputs.empty() && op.inputs.back() == kNoValue) op.inputs.pop_back();
  return changed;
}

/// A Reshape or Expand says its result outright; Flatten, Squeeze and Unsqueeze become a Reshape.
bool write_final_shape(const Graph& graph, Op& op) {
  const Shape& shape = graph.value(op.outputs[0]).shape;
  switch (op.kind) {
    case OpKind::Flatten:
    case OpKind::Squeeze:
    case OpKind::Unsqueeze:
    case OpKind::Reshape: {
      const bool same = op.kind == OpKind::Reshape && std::get<ReshapeAttrs>(op.attrs).shape == shape;
      op.kind = OpKind::Reshape;
      op.attrs = ReshapeAttrs{shape, true};
      return !same;
    }
    case OpKind::Expand: {
      const bool same = std::get<ShapeAttrs>(op.attrs).shape == shape;
      op.attrs = ShapeAttrs{shape};
      return !same;
    }
    default:
      return false;
  }
}

}  // namespace

Result<bool> resolve(Graph& graph) {
  bool changed = false;
  for (Op& op : graph.ops) {
    QUERN_TRY(const bool dropped, drop_parameters(graph, op));
    const bool rewritten = write_final_shape(graph, op);
    changed = changed || dropped || rewritten;
  }
  return changed;
}

}  // namespace quern
