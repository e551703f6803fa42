// Windows over height and width. Weights become O KH KW I, wherever TFLite keeps them otherwise.
#include "read/tflite/layout.h"
#include "read/tflite/operators.h"

namespace quern::tflite {

namespace {

Result<AutoPad> padding_of(schema::Padding padding) {
  // TFLite's SAME puts the odd row or column after the data, as ONNX's SAME_UPPER.
  if (padding == schema::Padding::SAME) return AutoPad::same_upper;
  if (padding == schema::Padding::VALID) return AutoPad::valid;
  return fail(ErrorCode::invalid_file, "its padding {} is neither SAME nor VALID", static_cast<int>(padding));
}

Result<Pair> pair_of(int64_t height, int64_t width, const char* what) {
  QUERN_CHECK(check_positive(height, what));
  QUERN_CHECK(check_positive(width, what));
  return Pair{height, width};
}

Status check_weights(const Node& node, int weights) {
  const Shape& shape = node.input(weights).shape;
  if (shape.size() != 4)
    return fail(ErrorCode::invalid_file, "its weights have {} axes; they must have 4", shape.size());
  for (const int64_t extent : shape) QUERN_CHECK(check_positive(extent, "weights' extent"));
  return {};
}

/// Scales of weights must run along the output channels.
Status check_axis(const Node& node, int weights, int axis) {
  const Quantization& quantization = node.input(weights).quantization;
  if (!quantization.per_axis() || quantization.axis == axis) return {};
  return fail(ErrorCode::invalid_file,
              "its weights are quantized along axis {}; they must be along axis {}, the output channels",
              quantization.axis, axis);
}

/// Groups by the input channels the file declares. Where it is silent they are one group, and inference checks the
/// rest.
int64_t groups_of(const Node& node, int x, int64_t channels_per_group) {
  const Shape& shape = node.input(x).shape;
  if (shape.size() != 4 || shape[3] <= 0 || shape[3] % channels_per_group != 0) return 1;
  return shape[3] / channels_per_group;
}

template <typename Options>
Result<ConvAttrs> conv_attrs(const Options& options) {
  ConvAttrs attrs;
  QUERN_TRY(attrs.strides, pair_of(options.stride_h(), options.stride_w(), "stride"));
  QUERN_TRY(attrs.dilations, pair_of(options.dilation_h(), options.dilation_w(), "dilation"));
  QUERN_TRY(attrs.auto_pad, padding_of(options.padding()));
  QUERN_TRY(attrs.clamp, clamp_of(options.activation()));
  return attrs;
}

/// The channel multiplier: the file's, or from the declared input where an old file has none.
Result<int64_t> depthwise_groups(const Node& node, int64_t multiplier) {
  const int64_t outputs = node.input(1).shape[3];
  const Shape& x = node.input(0).shape;
  const int64_t declared = x.size() == 4 ? x[3] : 0;
  if (multiplier == 0 && declared > 0 && outputs % declared == 0) return declared;
  if (multiplier < 1 || outputs % multiplier != 0) {
    return fail(ErrorCode::invalid_file, "its depth multiplier {} does not divide {} output channels", multiplier,
                outputs);
  }
  return outputs / multiplier;
}

}  // namespace

Status read_conv(Node& node) {
  QUERN_TRY(const auto* options, node.options<schema::Conv2DOptions>());
  QUERN_CHECK(check_weights(node, 1));
  QUERN_CHECK(check_axis(node, 1, 0));
  QUERN_CHECK(node.refuse_hybrid(0, 1));
  QUERN_TRY(ConvAttrs attrs, conv_attrs(*options));
  attrs.groups = groups_of(node, 0, node.input(1).shape[3]);
  QUERN_TRY(const ValueId x, node.value(0));
  QUERN_TRY(const ValueId weights, node.value(1));
  QUERN_TRY(const ValueId bias, node.optional_value(2));
  node.add(OpKind::Conv, with_optional({x, weights}, bias), {node.result()}).attrs = attrs;
  return {};
}

Status read_depthwise_conv(Node& node) {
  QUERN_TRY(const auto* options, node.options<schema::DepthwiseConv2DOptions>());
  QUERN_CHECK(check_weights(node, 1));
  QUERN_CHECK(check_axis(node, 1, 3));
  QUERN_CHECK(node.refuse_hybrid(0, 1));
  if (node.input(1).shape[0] != 1) {
    return fail(ErrorCode::invalid_file, "its weights have shape {}; the first extent must be 1",
                to_string(node.input(1).shape));
  }
  QUERN_TRY(ConvAttrs attrs, conv_attrs(*options));
  QUERN_TRY(attrs.groups, depthwise_groups(node, options->depth_multiplier()));
  QUERN_TRY(const ValueId x, node.value(0));
  QUERN_TRY(const ValueId weights, transposed(node, 1, {3, 1, 2, 0}, "ohwi"));
  QUERN_TRY(const ValueId bias, node.optional_value(2));
  node.add(OpKind::Conv, with_optional({x, weights}, bias), {node.result()}).attrs = attrs;
  return {};
}

Status read_transpose_conv(Node& node) {
  QUERN_TRY(const auto* options, node.options<schema::TransposeConvOptions>());
  QUERN_CHECK(check_weights(node, 1));
  QUERN_CHECK(check_axis(node, 1, 0));
  QUERN_CHECK(node.refuse_hybrid(2, 1));
  QUERN_TRY(const Ints extents, node.ints(0, "output extents"));
  if (extents.size() != 4)
    return fail(ErrorCode::invalid_file, "it has {} output extents; there must be 4", extents.size());
  ConvTransposeAttrs attrs;
  QUERN_TRY(const Pair size, pair_of(extents[1], extents[2], "output extent"));
  attrs.output_shape = {size[0], size[1]};
  QUERN_TRY(attrs.strides, pair_of(options->stride_h(), options->stride_w(), "stride"));
  QUERN_TRY(attrs.auto_pad, padding_of(options->padding()));
  QUERN_TRY(attrs.clamp, clamp_of(options->activation()));
  QUERN_TRY(const ValueId x, node.value(2));
  QUERN_TRY(const ValueId weights, node.value(1));
  QUERN_TRY(const ValueId bias, node.optional_value(3));
  node.add(OpKind::ConvTranspose, with_optional({x, weights}, bias), {node.result()}).attrs = attrs;
  return {};
}

Status read_pool(Node& node) {
  QUERN_TRY(const auto* options, node.options<schema::Pool2DOptions>());
  PoolAttrs attrs;
  QUERN_TRY(attrs.kernel, pair_of(options->filter_height(), options->filter_width(), "filter"));
  QUERN_TRY(attrs.strides, pair_of(options->stride_h(), options->stride_w(), "stride"));
  QUERN_TRY(attrs.auto_pad, padding_of(options->padding()));
  QUERN_TRY(attrs.clamp, clamp_of(options->activation()));
  QUERN_TRY(const ValueId x, node.value(0));
  node.add(node.row().kind, {x}, {node.result()}).attrs = attrs;
  return {};
}

Status read_depth_to_space(Node& node) {
  QUERN_TRY(const auto* options, node.options<schema::DepthToSpaceOptions>());
  QUERN_CHECK(check_positive(options->block_size(), "block size"));
  QUERN_TRY(const ValueId x, node.value(0));
  node.add(OpKind::DepthToSpace, {x}, {node.result()}).attrs = BlockAttrs{.block = options->block_size()};
  return {};
}

Status read_space_to_depth(Node& node) {
  QUERN_TRY(const auto* options, node.options<schema::SpaceToDepthOptions>());
  QUERN_CHECK(check_positive(options->block_size(), "block size"));
  QUERN_TRY(const ValueId x, node.value(0));
  node.add(OpKind::SpaceToDepth, {x}, {node.result()}).attrs = BlockAttrs{.block = options->block_size()};
  return {};
}

}  // namespace quern::tflite
