// Reductions over named axes.
#include "read/onnx/rows.h"

namespace quern::onnx {

namespace {

/// The opset in which the axes of this reduction became an input.
int64_t axes_input_since(OpKind kind) {
  return kind == OpKind::ReduceSum ? 13 : 18;
}

Status read_reduce(Context& cx, Node& node) {
  ReduceAttrs attrs;
  attrs.keep_dims = node.attributes.flag("keepdims", true);
  attrs.axes = node.attributes.integers("axes");
  attrs.noop_with_empty_axes = node.attributes.flag("noop_with_empty_axes", false);
  const bool by_input = node.opset >= axes_input_since(node.op);
  if (!by_input && node.has_input(1)) {
    return node.fail(ErrorCode::invalid_file, "axes are no input at opset {}", node.opset);
  }
  if (by_input && node.attributes.has("axes")) {
    return node.fail(ErrorCode::invalid_file, "attribute 'axes' is an input at opset {}", node.opset);
  }
  // An empty list of axes says the same as none.
  if (const auto axes = cx.constant_ints(node.inputs[1]); axes && axes->empty()) node.inputs[1] = kNoValue;
  cx.emit(node, node.op, node.inputs, node.outputs, attrs);
  return {};
}

Status read_arg(Context& cx, Node& node) {
  ArgAttrs attrs;
  attrs.axis = node.attributes.integer("axis", 0);
  attrs.keep_dims = node.attributes.flag("keepdims", true);
  attrs.select_last_index = node.attributes.flag("select_last_index", false);
  cx.graph.value(node.outputs[0]).dtype = DType::int64;
  cx.emit(node, node.op, node.inputs, node.outputs, attrs);
  return {};
}

constexpr Row reduce(std::string_view type, OpKind kind, Fold fold = Fold::never) {
  return {type, read_reduce, kind, 1, 2, 1, fold, 0b10};
}

constexpr Row kRows[] = {
    reduce("ReduceMean", OpKind::ReduceMean, Fold::compute),
    reduce("ReduceSum", OpKind::ReduceSum, Fold::compute),
    reduce("ReduceMax", OpKind::ReduceMax, Fold::compute),
    reduce("ReduceMin", OpKind::ReduceMin, Fold::compute),
    reduce("ReduceProd", OpKind::ReduceProd),
    reduce("ReduceL1", OpKind::ReduceL1),
    reduce("ReduceL2", OpKind::ReduceL2),
    reduce("ReduceSumSquare", OpKind::ReduceSumSquare),
    reduce("ReduceLogSum", OpKind::ReduceLogSum),
    reduce("ReduceLogSumExp", OpKind::ReduceLogSumExp),
    {"ArgMax", read_arg, OpKind::ArgMax},
    {"ArgMin", read_arg, OpKind::ArgMin},
};

}  // namespace

std::span<const Row> reduce_rows() {
  return kRows;
}

}  // namespace quern::onnx
