// Convolutions, pools, and block moves between depth and space: channels first in the file.
#include <algorithm>
#include <cmath>

#include "write/onnx/bias.h"
#include "write/onnx/rows.h"

namespace quern::onnx_writer {

namespace {

/// Kernel height and width of weights O KH KW I.
Ints kernel_of(const Value& weights) {
  return {weights.shape[1], weights.shape[2]};
}

Status write_conv(Context& cx, Call& call) {
  const auto& attrs = call.as<ConvAttrs>();
  QUERN_TRY(const std::string weights, cx.read(call.op.inputs[1], kChannelsFirst));
  QUERN_TRY(const std::string bias, read_bias(cx, call.op));
  cx.node("Conv", call.op.name, {call.in[0], weights, bias}, {call.give(cx, 0, attrs.clamp)})
      .integers("kernel_shape", kernel_of(call.input(cx, 1)))
      .integers("strides", attrs.strides)
      .integers("dilations", attrs.dilations)
      .integers("pads", attrs.pads)
      .integer("group", attrs.groups);
  return {};
}

/// Weights O H W I/g in the file's order I O/g H W, group by group. A scale for each output channel must be the same in
/// all groups, unless a group is one channel.
Result<Tensor> regrouped(const Call& call, const Tensor& weights, int64_t groups) {
  const Shape& s = weights.shape();
  const int64_t out = s[0] / groups;
  QUERN_TRY(const Tensor split, weights.reshaped({groups, out, s[1], s[2], s[3]}));
  QUERN_TRY(const Tensor moved, turned(split, {0, 4, 1, 2, 3}));
  QUERN_TRY(Tensor joined, moved.reshaped({groups * s[3], out, s[1], s[2]}));
  Quantization q = weights.quantization;
  if (q.per_axis()) {
    const auto period = static_cast<size_t>(out);
    const bool depthwise = out == 1 && s[3] == 1;
    for (size_t i = period; i < q.scales.size() && !depthwise; ++i) {
      if (q.scales[i] == q.scales[i % period] && q.zero_points[i] == q.zero_points[i % period]) continue;
      return call.fail(
          ErrorCode::unsupported,
          "its weights have other scales in group {} than in group 0, which ONNX cannot say; quantize them "
          "with one scale, or keep the operator in float",
          i / period);
    }
    if (!depthwise) {
      q.scales.resize(period);
      q.zero_points.resize(period);
    }
    q.axis = depthwise ? 0 : 1;
  }
  joined.quantization = q;
  return joined;
}

Result<std::string> transposed_weights(Context& cx, const Call& call, int64_t groups) {
  const ValueId id = call.op.inputs[1];
  if (groups == 1) return cx.read(id, {3, 0, 1, 2});
  const Value& weights = cx.graph.value(id);
  if (!weights.constant) {
    return call.fail(ErrorCode::unsupported,
                     "its weights are no constant, and it has {} groups; only group 1 is written then", groups);
  }
  Tensor stored = *weights.constant;
  stored.quantization = weights.quantization;
  QUERN_TRY(const Tensor regrouped_weights, regrouped(call, stored, groups));
  const std::string name = cx.plain_name(id);
  if (weights.quantization.empty()) return cx.constant(name, regrouped_weights);
  return cx.dequantized_constant(name, regrouped_weights);
}

Status write_conv_transpose(Context& cx, Call& call) {
  const auto& attrs = call.as<ConvTransposeAttrs>();
  QUERN_TRY(const std::string weights, transposed_weights(cx, call, attrs.groups));
  QUERN_TRY(const std::string bias, read_bias(cx, call.op));
  cx.node("ConvTranspose", call.op.name, {call.in[0], weights, bias}, {call.give(cx, 0, attrs.clamp)})
      .integers("kernel_shape", kernel_of(call.input(cx, 1)))
      .integers("strides", attrs.strides)
      .integers("dilations", attrs.dilations)
      .integers("pads", attrs.pads)
      .integers("output_padding", attrs.output_padding)
      .integer("group", attrs.groups);
  return {};
}

Status write_pool(Context& cx, Call& call) {
  const auto& attrs = call.as<PoolAttrs>();
  NodeBuilder node = cx.node(call.row.type, call.op.name, {call.in[0]}, {call.give(cx, 0, attrs.clamp)});
  node.integers("kernel_shape", attrs.kernel).integers("strides", attrs.strides).integers("pads", attrs.pads);
  node.integer("ceil_mode", attrs.ceil_mode ? 1 : 0);
  if (attrs.dilations != Pair{1, 1}) node.integers("dilations", attrs.dilations);
  if (call.op.kind == OpKind::AveragePool) node.integer("count_include_pad", attrs.count_include_pad ? 1 : 0);
  return {};
}

Status write_block_move(Context& cx, Call& call) {
  const auto& attrs = call.as<BlockAttrs>();
  NodeBuilder node = cx.node(call.row.type, call.op.name, {call.in[0]}, {call.give(cx)});
  node.integer("blocksize", attrs.block);
  if (call.op.kind == OpKind::DepthToSpace) node.text("mode", attrs.order == DepthOrder::dcr ? "DCR" : "CRD");
  return {};
}

constexpr Row kRows[] = {
    {OpKind::Conv, "Conv", write_conv, Layout::channels_first},
    {OpKind::ConvTranspose, "ConvTranspose", write_conv_transpose, Layout::channels_first},
    {OpKind::MaxPool, "MaxPool", write_pool, Layout::channels_first},
    {OpKind::AveragePool, "AveragePool", write_pool, Layout::channels_first},
    {OpKind::DepthToSpace, "DepthToSpace", write_block_move, Layout::channels_first},
    {OpKind::SpaceToDepth, "SpaceToDepth", write_block_move, Layout::channels_first},
};

}  // namespace

std::span<const Row> spatial_rows() {
  return kRows;
}

}  // namespace quern::onnx_writer
