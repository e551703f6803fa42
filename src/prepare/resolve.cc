// Operators read from files may take numbers (a shape, axes, pads) from values. infer has written them into the
// attributes where the values are constants; here the inputs go, so that no later stage has to ask where a number comes
// from.

#include "base/error.h"
#include "prepare/parameters.h"
#include "prepare/prepare.h"
#include "prepare/relayout.h"

namespace quern {

namespace {

Result<bool> drop_parameters(const Graph& graph, Op& op) {
  QUERN_CHECK(parameters_are_constant(graph, op));
  bool changed = false;
  for (size_t slot = 0; slot < op.inputs.size(); ++slot) {
    if (!is_parameter(op.kind, slot) || op.inputs[slot] == kNoValue) continue;
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
      op.attrs = reshape_to(shape);
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
