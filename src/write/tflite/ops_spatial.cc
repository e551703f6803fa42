// Convolutions, pools, and block moves between depth and space.
#include <algorithm>
#include <limits>

#include "write/tflite/operands.h"
#include "write/tflite/weights.h"
#include "write/tflite/window.h"

namespace quern::tflite_writer {

namespace {

int32_t narrow(int64_t number) {
  return static_cast<int32_t>(number);
}

Window window_of(const Call& call, const ConvAttrs& attrs) {
  const Shape& w = call.input(1).shape;
  return {call.input(0).shape, call.output().shape, {w[1], w[2]}, attrs.strides, attrs.dilations, attrs.pads};
}

/// One input channel a group.
bool is_depthwise(const Call& call, const ConvAttrs& attrs) {
  return attrs.groups > 1 && attrs.groups == call.input(0).shape[3];
}

Status write_depthwise(Call& call, const ConvAttrs& attrs, int x, const Padding& padding) {
  QUERN_TRY(const int weights, read_weights(call, {3, 1, 2, 0}));
  const int bias = read_bias(call);
  const auto [y, fused] = call.give_clamped(attrs.clamp);
  schema::DepthwiseConv2DOptionsT options;
  options.padding = padding.scheme;
  options.stride_h = narrow(attrs.strides[0]);
  options.stride_w = narrow(attrs.strides[1]);
  options.dilation_h = narrow(attrs.dilations[0]);
  options.dilation_w = narrow(attrs.dilations[1]);
  options.depth_multiplier = narrow(call.input(1).shape[0] / attrs.groups);
  options.activation = fused;
  call.cx.op(B::DEPTHWISE_CONV_2D, {x, weights, bias}, {y}, std::move(options));
  return {};
}

Status write_conv(Call& call) {
  const auto& attrs = call.as<ConvAttrs>();
  const Padding padding = padding_of(window_of(call, attrs));
  int x = call.read(0);
  if (padding.needs_pad()) x = padded(call, x, padding.before);
  if (is_depthwise(call, attrs)) return write_depthwise(call, attrs, x, padding);
  QUERN_TRY(const int weights, read_weights(call));
  const int bias = read_bias(call);
  const auto [y, fused] = call.give_clamped(attrs.clamp);
  schema::Conv2DOptionsT options;
  options.padding = padding.scheme;
  options.stride_h = narrow(attrs.strides[0]);
  options.stride_w = narrow(attrs.strides[1]);
  options.dilation_h = narrow(attrs.dilations[0]);
  options.dilation_w = narrow(attrs.dilations[1]);
  options.activation = fused;
  call.cx.op(B::CONV_2D, {x, weights, bias}, {y}, std::move(options));
  return {};
}

Status check_conv_transpose(const Call& call, const ConvTransposeAttrs& attrs) {
  if (attrs.groups != 1) {
    return call.fail(ErrorCode::unsupported,
                     "it has {} groups; TFLite's TRANSPOSE_CONV has none, so cut the graph before it", attrs.groups);
  }
  if (attrs.dilations == Pair{1, 1}) return {};
  return call.fail(ErrorCode::unsupported, "its dilations are {}x{}; TFLite's TRANSPOSE_CONV knows only 1x1",
                   attrs.dilations[0], attrs.dilations[1]);
}

/// The whole result of a transposed convolution, from which pads cut the edges away.
Shape whole_result(const Call& call, const ConvTransposeAttrs& attrs) {
  const Shape& w = call.input(1).shape;
  Shape whole = call.output().shape;
  for (size_t i = 0; i < 2; ++i) {
    const int64_t reached = attrs.strides[i] * (call.input(0).shape[1 + i] - 1) + w[1 + i];
    whole[1 + i] = std::max(reached, attrs.pads[i] + call.output().shape[1 + i]);
  }
  return whole;
}

/// VALID on the whole result, then a SLICE where pads are asked for: TFLite's SAME is but one choice of them.
Status write_conv_transpose(Call& call) {
  const auto& attrs = call.as<ConvTransposeAttrs>();
  QUERN_CHECK(check_conv_transpose(call, attrs));
  const int x = call.read(0);
  QUERN_TRY(const int weights, read_weights(call));
  const int bias = read_bias(call);
  const auto [y, fused] = call.give_clamped(attrs.clamp);
  const Shape whole = whole_result(call, attrs);
  const Shape& shape = call.output().shape;
  const int given = whole == shape ? y : call.like(y, "_whole", whole);
  schema::TransposeConvOptionsT options;
  options.padding = schema::Padding::VALID;
  options.stride_h = narrow(attrs.strides[0]);
  options.stride_w = narrow(attrs.strides[1]);
  options.activation = fused;
  call.cx.op(B::TRANSPOSE_CONV, {call.cx.ints(whole), weights, x, bias}, {given}, std::move(options));
  if (given != y) {
    const Ints begin = {0, attrs.pads[0], attrs.pads[1], 0};
    call.cx.op(B::SLICE, {given, call.cx.ints(begin), call.cx.ints(shape)}, {y});
  }
  return {};
}

schema::Pool2DOptionsT pool_options(const PoolAttrs& attrs, const Padding& padding) {
  schema::Pool2DOptionsT options;
  options.padding = padding.scheme;
  options.stride_h = narrow(attrs.strides[0]);
  options.stride_w = narrow(attrs.strides[1]);
  options.filter_height = narrow(attrs.kernel[0]);
  options.filter_width = narrow(attrs.kernel[1]);
  return options;
}

Status check_pool(const Call& call, const PoolAttrs& attrs) {
  if (attrs.dilations == Pair{1, 1}) return {};
  return call.fail(ErrorCode::unsupported, "its dilations are {}x{}; TFLite's pools know only 1x1", attrs.dilations[0],
                   attrs.dilations[1]);
}

Window window_of(const Call& call, const PoolAttrs& attrs) {
  return {call.input(0).shape, call.output().shape, attrs.kernel, attrs.strides, {1, 1}, attrs.pads};
}

/// What never wins: the padding of a maximum.
int least_of(Call& call, int x) {
  const FileTensor from = call.cx.tensor(x);
  Tensor least = Tensor::of<float>({}, {std::numeric_limits<float>::lowest()});
  if (from.dtype == DType::int8) least = Tensor::of<int8_t>({}, {-128});
  if (from.dtype == DType::uint8) least = Tensor::of<uint8_t>({}, {0});
  least.quantization = from.quantization;
  return call.cx.constant(call.name() + "_least", least);
}

Status write_max_pool(Call& call) {
  const auto& attrs = call.as<PoolAttrs>();
  QUERN_CHECK(check_pool(call, attrs));
  const Padding padding = padding_of(window_of(call, attrs));
  int x = call.read(0);
  if (padding.needs_pad()) x = padded(call, x, padding.before, least_of(call, x));
  if (call.integer()) {
    call.cx.op(B::MAX_POOL_2D, {x}, {call.give_coded(x)}, pool_options(attrs, padding));
    return {};
  }
  auto options = pool_options(attrs, padding);
  const auto [y, fused] = call.give_clamped(attrs.clamp);
  options.activation = fused;
  call.cx.op(B::MAX_POOL_2D, {x}, {y}, std::move(options));
  return {};
}

/// An average of everything is a MEAN, whose integer kernel takes another scale behind it.
bool is_global(const Call& call, const PoolAttrs& attrs) {
  const Shape& x = call.input(0).shape;
  return attrs.kernel == Pair{x[1], x[2]} && attrs.pads == Pads{} && !attrs.clamp.active() &&
         call.output().shape[1] == 1 && call.output().shape[2] == 1;
}

bool is_integer_average(const Graph& graph, const Op& op) {
  const auto& attrs = std::get<PoolAttrs>(op.attrs);
  const Shape& x = graph.value(op.inputs[0]).shape;
  const bool whole = attrs.kernel == Pair{x[1], x[2]} && attrs.pads == Pads{} && !attrs.clamp.active();
  return keeps_codes(graph, op) || (whole && all_coded(graph, op));
}

Status write_average_pool(Call& call) {
  const auto& attrs = call.as<PoolAttrs>();
  QUERN_CHECK(check_pool(call, attrs));
  int x = call.read(0);
  const bool recoded = call.integer() && call.input(0).quantization != call.output().quantization;
  if (recoded && is_global(call, attrs)) {
    schema::ReducerOptionsT mean;
    mean.keep_dims = true;
    call.cx.op(B::MEAN, {x, call.cx.ints({1, 2})}, {call.give()}, std::move(mean));
    return {};
  }
  const bool counted = attrs.count_include_pad && attrs.pads != Pads{};
  const Padding padding = padding_of(window_of(call, attrs), counted);
  const bool beyond = padding.before[2] > attrs.pads[2] || padding.before[3] > attrs.pads[3];
  if (padding.needs_pad() && (!attrs.count_include_pad || beyond)) {
    return call.fail(
        ErrorCode::unsupported,
        "it averages only what lies inside pads {},{},{},{}, which TFLite cannot say; pad evenly (SAME), or "
        "let the padding count",
        attrs.pads[0], attrs.pads[1], attrs.pads[2], attrs.pads[3]);
  }
  if (padding.needs_pad()) x = padded(call, x, padding.before);
  auto options = pool_options(attrs, padding);
  const auto [y, fused] = call.give_clamped(attrs.clamp);
  options.activation = fused;
  call.cx.op(B::AVERAGE_POOL_2D, {x}, {y}, std::move(options));
  return {};
}

/// CRD: the block lies behind the channels, so it is moved by a TRANSPOSE of pieces.
void write_channels_first_blocks(Call& call, int x, int y, int64_t block) {
  const Shape& in = call.input(0).shape;
  const int64_t channels = in[3] / (block * block);
  const int64_t rows = in[0] * in[1];
  const Shape pieces = {rows, in[2], channels, block, block};
  const Shape moved = {rows, block, in[2], block, channels};
  const int parted = call.like(x, "_parted", pieces);
  const int turned = call.like(x, "_turned", moved);
  call.cx.op(B::RESHAPE, {x, call.cx.ints(pieces)}, {parted});
  call.cx.op(B::TRANSPOSE, {parted, call.cx.ints({0, 3, 1, 4, 2})}, {turned});
  call.cx.op(B::RESHAPE, {turned, call.cx.ints(call.output().shape)}, {y});
}

Status write_depth_to_space(Call& call) {
  const auto& attrs = call.as<BlockAttrs>();
  const int x = call.read(0);
  const int y = call.give();
  if (attrs.order == DepthOrder::crd) {
    write_channels_first_blocks(call, x, y, attrs.block);
    return {};
  }
  schema::DepthToSpaceOptionsT options;
  options.block_size = narrow(attrs.block);
  call.cx.op(B::DEPTH_TO_SPACE, {x}, {y}, std::move(options));
  return {};
}

Status write_space_to_depth(Call& call) {
  schema::SpaceToDepthOptionsT options;
  options.block_size = narrow(call.as<BlockAttrs>().block);
  const int x = call.read(0);
  call.cx.op(B::SPACE_TO_DEPTH, {x}, {call.give()}, std::move(options));
  return {};
}

bool is_integer_max(const Graph& graph, const Op& op) {
  return all_coded(graph, op) && !std::get<PoolAttrs>(op.attrs).clamp.active();
}

constexpr Row kRows[] = {
    {OpKind::Conv, B::CONV_2D, write_conv, has_integer_weights},
    {OpKind::ConvTranspose, B::TRANSPOSE_CONV, write_conv_transpose, has_integer_weights},
    {OpKind::MaxPool, B::MAX_POOL_2D, write_max_pool, is_integer_max},
    {OpKind::AveragePool, B::AVERAGE_POOL_2D, write_average_pool, is_integer_average},
    {OpKind::DepthToSpace, B::DEPTH_TO_SPACE, write_depth_to_space, keeps_codes},
    {OpKind::SpaceToDepth, B::SPACE_TO_DEPTH, write_space_to_depth, keeps_codes},
};

}  // namespace

std::span<const Row> spatial_rows() {
  return kRows;
}

}  // namespace quern::tflite_writer
