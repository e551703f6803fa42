// Along an axis: softmax, normalizations, running sums, the largest k.
#include "write/onnx/rows.h"

namespace quern::onnx_writer {

namespace {

Status write_softmax(Context& cx, Call& call) {
  const auto& attrs = call.as<SoftmaxAttrs>();
  const std::string y = call.give(cx);
  std::string x = call.in[0];
  if (attrs.beta != 1) {
    x = cx.unique(y + "_scaled");
    cx.node("Mul", "", {call.in[0], cx.number(y + "_beta", DType::float32, attrs.beta)}, {x});
  }
  cx.node(call.row.type, call.op.name, {x}, {y}).integer("axis", attrs.axis);
  return {};
}

Status write_per_channel(Context& cx, Call& call) {
  cx.node(call.row.type, call.op.name, call.in, {call.give(cx)}).number("epsilon", call.as<NormAttrs>().epsilon);
  return {};
}

Status write_layer_norm(Context& cx, Call& call) {
  const auto& attrs = call.as<NormAttrs>();
  cx.node("LayerNormalization", call.op.name, call.in, {call.give(cx)})
      .integer("axis", attrs.axis)
      .number("epsilon", attrs.epsilon);
  return {};
}

Status write_mean_variance(Context& cx, Call& call) {
  cx.node("MeanVarianceNormalization", call.op.name, call.in, {call.give(cx)})
      .integers("axes", call.as<AxesAttrs>().axes);
  return {};
}

Status write_lp_norm(Context& cx, Call& call) {
  const auto& attrs = call.as<LpNormAttrs>();
  cx.node("LpNormalization", call.op.name, call.in, {call.give(cx)}).integer("axis", attrs.axis).integer("p", attrs.p);
  return {};
}

Status write_lrn(Context& cx, Call& call) {
  const auto& attrs = call.as<LrnAttrs>();
  cx.node("LRN", call.op.name, call.in, {call.give(cx)})
      .integer("size", attrs.size)
      .number("alpha", attrs.alpha)
      .number("beta", attrs.beta)
      .number("bias", attrs.bias);
  return {};
}

Status write_cum_sum(Context& cx, Call& call) {
  const auto& attrs = call.as<CumSumAttrs>();
  const std::string y = call.give(cx);
  const std::string axis = cx.number(y + "_axis", DType::int64, static_cast<double>(attrs.axis));
  cx.node("CumSum", call.op.name, {call.in[0], axis}, {y})
      .integer("exclusive", attrs.exclusive ? 1 : 0)
      .integer("reverse", attrs.reverse ? 1 : 0);
  return {};
}

Status write_top_k(Context& cx, Call& call) {
  const auto& attrs = call.as<TopKAttrs>();
  const std::string values = call.give(cx, 0);
  const std::string indices = call.give_index(cx, 1);
  cx.node("TopK", call.op.name, {call.in[0], cx.ints(values + "_k", {attrs.k})}, {values, indices})
      .integer("axis", attrs.axis)
      .integer("largest", attrs.largest ? 1 : 0)
      .integer("sorted", attrs.sorted ? 1 : 0);
  call.settle_index(cx, 1, indices);
  return {};
}

constexpr Row kRows[] = {
    {OpKind::Softmax, "Softmax", write_softmax},
    {OpKind::LogSoftmax, "LogSoftmax", write_softmax},
    {OpKind::BatchNorm, "BatchNormalization", write_per_channel, Layout::channel_second},
    {OpKind::InstanceNorm, "InstanceNormalization", write_per_channel, Layout::channel_second},
    {OpKind::LayerNorm, "LayerNormalization", write_layer_norm, Layout::as_is, 17},
    {OpKind::MeanVarianceNorm, "MeanVarianceNormalization", write_mean_variance},
    {OpKind::LpNorm, "LpNormalization", write_lp_norm},
    {OpKind::Lrn, "LRN", write_lrn, Layout::channel_second},
    {OpKind::CumSum, "CumSum", write_cum_sum},
    {OpKind::TopK, "TopK", write_top_k},
};

}  // namespace

std::span<const Row> normalize_rows() {
  return kRows;
}

}  // namespace quern::onnx_writer
