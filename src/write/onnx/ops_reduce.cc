// Reductions over named axes.
#include "write/onnx/rows.h"

namespace quern::onnx_writer {

namespace {

/// The opset in which the axes of this reduction became an input.
int64_t axes_input_since(OpKind kind) {
  return kind == OpKind::ReduceSum ? 13 : 18;
}

/// Over H and W of a channels-first picture there is a word of its own.
const char* global_pool(const Call& call, size_t rank) {
  const auto& attrs = call.as<ReduceAttrs>();
  if (rank != 4 || !attrs.keep_dims || attrs.axes != Ints{2, 3}) return nullptr;
  if (call.op.kind == OpKind::ReduceMean) return "GlobalAveragePool";
  return call.op.kind == OpKind::ReduceMax ? "GlobalMaxPool" : nullptr;
}

Status write_reduce(Context& cx, Call& call) {
  const auto& attrs = call.as<ReduceAttrs>();
  const size_t rank = call.input(cx, 0).shape.size();
  const std::string y = call.give(cx);
  if (const char* pool = global_pool(call, rank); pool != nullptr && is_float(cx.real_type(call.op.inputs[0]))) {
    cx.node(pool, call.op.name, {call.in[0]}, {y});
    return {};
  }
  if (attrs.axes.empty() && attrs.noop_with_empty_axes) {
    cx.node("Identity", call.op.name, {call.in[0]}, {y});
    return {};
  }
  const Ints axes = attrs.axes.empty() ? as_is(rank) : attrs.axes;
  if (cx.opset >= axes_input_since(call.op.kind)) {
    const std::string list = cx.ints(y + "_axes", axes);
    cx.node(call.row.type, call.op.name, {call.in[0], list}, {y}).integer("keepdims", attrs.keep_dims ? 1 : 0);
  } else {
    cx.node(call.row.type, call.op.name, {call.in[0]}, {y})
        .integers("axes", axes)
        .integer("keepdims", attrs.keep_dims ? 1 : 0);
  }
  return {};
}

Status write_arg(Context& cx, Call& call) {
  const auto& attrs = call.as<ArgAttrs>();
  const std::string y = call.give_index(cx, 0);
  cx.node(call.row.type, call.op.name, {call.in[0]}, {y})
      .integer("axis", attrs.axis)
      .integer("keepdims", attrs.keep_dims ? 1 : 0)
      .integer("select_last_index", attrs.select_last_index ? 1 : 0);
  call.settle_index(cx, 0, y);
  return {};
}

constexpr Row kRows[] = {
    {OpKind::ReduceMean, "ReduceMean", write_reduce},
    {OpKind::ReduceSum, "ReduceSum", write_reduce},
    {OpKind::ReduceMax, "ReduceMax", write_reduce},
    {OpKind::ReduceMin, "ReduceMin", write_reduce},
    {OpKind::ReduceProd, "ReduceProd", write_reduce},
    {OpKind::ReduceL1, "ReduceL1", write_reduce},
    {OpKind::ReduceL2, "ReduceL2", write_reduce},
    {OpKind::ReduceSumSquare, "ReduceSumSquare", write_reduce},
    {OpKind::ReduceLogSum, "ReduceLogSum", write_reduce},
    {OpKind::ReduceLogSumExp, "ReduceLogSumExp", write_reduce},
    {OpKind::ArgMax, "ArgMax", write_arg},
    {OpKind::ArgMin, "ArgMin", write_arg},
};

}  // namespace

std::span<const Row> reduce_rows() {
  return kRows;
}

}  // namespace quern::onnx_writer
