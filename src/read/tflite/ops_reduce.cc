// Operators that fold axes away.
#include "read/tflite/operators.h"

namespace quern::tflite {

Status read_reduce(Node& node) {
  QUERN_TRY(const auto* options, node.options<schema::ReducerOptions>());
  ReduceAttrs attrs;
  attrs.keep_dims = options->keep_dims();
  attrs.noop_with_empty_axes = true;  // in TFLite an empty list means no axis, not all
  QUERN_TRY(const ValueId x, node.value(0));
  std::vector<ValueId> inputs = {x};
  if (node.is_constant(1)) {
    QUERN_TRY(attrs.axes, node.ints(1, "axes"));
    attrs.noop_with_empty_axes = attrs.axes.empty();
  } else {
    QUERN_TRY(const ValueId axes, node.parameter(1));
    inputs.push_back(axes);
  }
  node.add(node.row().kind, std::move(inputs), {node.result()}).attrs = attrs;
  return {};
}

Status read_arg(Node& node) {
  ArgAttrs attrs;
  QUERN_TRY(attrs.axis, node.scalar_int(1, "axis"));
  attrs.keep_dims = false;
  QUERN_TRY(const ValueId x, node.value(0));
  node.add(node.row().kind, {x}, {node.result()}).attrs = attrs;
  return {};
}

}  // namespace quern::tflite
