#include "kernels/row_cases.h"

#include <cmath>

#include "base/width.h"

namespace quern::test {

Tensor random_bytes(Dice& dice, DType type, const Shape& shape) {
  Tensor tensor = *Tensor::make(type, shape);
  auto* bytes = static_cast<uint8_t*>(tensor.mutable_raw());
  for (int64_t i = 0; i < tensor.size(); ++i) bytes[i] = static_cast<uint8_t>(dice.between(0, 255));
  // Runs of extremes: where 16-bit sums of products would saturate.
  for (int64_t i = 0; i < std::min<int64_t>(tensor.size(), 6); ++i) bytes[i] = type == DType::int8 ? 0x80 : 0xff;
  return tensor;
}

Tensor random_floats(Dice& dice, const Shape& shape) {
  Tensor tensor = *Tensor::make(DType::float32, shape);
  for (float& v : tensor.mutable_data<float>()) v = dice.real(-1, 1);
  return tensor;
}

int32_t zero_point(Dice& dice, DType type) {
  if (type == DType::int16) return dice.flip() ? 0 : static_cast<int32_t>(dice.between(-3, 3));
  if (type == DType::uint16) return static_cast<int32_t>(dice.pick<int64_t>({32768, 32768, 32767, 0, 40000}));
  return static_cast<int32_t>(type == DType::int8 ? dice.between(-128, 127) : dice.between(0, 255));
}

namespace {

/// What a convolution case is made of; the rest is drawn.
struct ConvSize {
  int64_t in_channels = 1, out_channels = 1, groups = 1;
  Pair kernel{1, 1};
};

Tensor random_words(Dice& dice, DType type, const Shape& shape) {
  Tensor tensor = *Tensor::make(type, shape);
  auto* words = static_cast<uint16_t*>(tensor.mutable_raw());
  for (int64_t i = 0; i < tensor.size(); ++i) words[i] = static_cast<uint16_t>(dice.between(0, 65535));
  // Runs of extremes: where 32-bit sums of products come closest to their ends.
  for (int64_t i = 0; i < std::min<int64_t>(tensor.size(), 6); ++i) words[i] = type == DType::int16 ? 0x8000 : 0xffff;
  return tensor;
}

/// Elements of any 8- or 16-bit type.
Tensor random_codes(Dice& dice, DType type, const Shape& shape) {
  return is_16bit(type) ? random_words(dice, type, shape) : random_bytes(dice, type, shape);
}

Quantization weight_quantization(Dice& dice, DType type, int64_t channels) {
  Quantization q;
  const bool zero = dice.flip();
  const int64_t scales = dice.flip() ? channels : 1;
  for (int64_t c = 0; c < scales; ++c) {
    q.scales.push_back(dice.real(0.001f, 0.02f));
    q.zero_points.push_back(zero && type == DType::int8 ? 0 : zero_point(dice, type));
  }
  return q;
}

/// Fills in inputs and output of a product: random elements, with the output's scale such that its values spread.
void add_operands(Dice& dice, DType type, const Shape& x, const Shape& w, const Shape& y, RowCase& c) {
  const int64_t channels = w[0];
  const bool biased = dice.between(0, 3) != 0;
  c.arithmetic = dice.flip() ? Arithmetic::float_rule : Arithmetic::fixed_rule;
  if (type == DType::float32) {
    c.inputs = {random_floats(dice, x), In::constant(random_floats(dice, w))};
    if (biased) c.inputs.push_back(In::constant(random_floats(dice, {channels})));
    c.output = {DType::float32, y};
    return;
  }
  const bool wide = is_16bit(type) || (type == DType::int8 && dice.between(0, 5) == 0);
  const DType weight_type = dice.pick({DType::int8, DType::int8, DType::uint8});
  const DType out_type = wide ? dice.pick({DType::int16, DType::int16, DType::uint16, DType::int8})
                              : dice.pick({DType::int8, DType::uint8});
  Tensor input = quantized(random_codes(dice, type, x), dice.real(0.001f, 0.1f), zero_point(dice, type));
  Tensor weights = random_bytes(dice, weight_type, w);
  weights.quantization = weight_quantization(dice, weight_type, channels);
  const float widths = (is_16bit(type) ? 256.0f : 1.0f) / (is_16bit(out_type) ? 256.0f : 1.0f);
  const float spread = 60 * widths * std::sqrt(static_cast<float>(c.depth)) * dice.pick({0.01f, 1.0f, 1.0f, 4.0f});
  const float scale = input.quantization.scales[0] * weights.quantization.scales[0] * spread;
  c.output = {out_type, y, {{scale}, {zero_point(dice, out_type)}, 0}};
  if (dice.between(0, 3) == 0) c.output = {DType::float32, y};  // mixed: the result stays real
  c.inputs = {input, In::constant(weights)};
  if (biased) {
    const bool long_bias = is_16bit(type) && dice.flip();
    Tensor bias = *Tensor::make(long_bias ? DType::int64 : DType::int32, {channels});
    if (long_bias) {
      for (int64_t& v : bias.mutable_data<int64_t>()) v = dice.between(-2000000, 2000000);
    } else {
      for (int32_t& v : bias.mutable_data<int32_t>()) v = static_cast<int32_t>(dice.between(-20000, 20000));
    }
    c.inputs.push_back(In::constant(bias));
  }
}

Clamp random_clamp(Dice& dice) {
  return dice.between(0, 2) == 0 ? Clamp{0, 6} : Clamp{};
}

RowCase conv_case(Dice& dice, DType type, const ConvSize& size) {
  RowCase c;
  ConvAttrs attrs;
  attrs.groups = size.groups;
  attrs.clamp = random_clamp(dice);
  Shape x{dice.between(1, 2), 0, 0, size.in_channels};
  Shape y{x[0], 0, 0, size.out_channels};
  const int64_t widest = size.in_channels * size.out_channels > 900 ? 4 : 9;
  for (size_t axis = 0; axis < 2; ++axis) {
    attrs.strides[axis] = dice.pick<int64_t>({1, 1, 2, 3});
    attrs.dilations[axis] = dice.pick<int64_t>({1, 1, 1, 2});
    attrs.pads[axis] = dice.between(0, size.kernel[axis] - 1);
    attrs.pads[axis + 2] = dice.between(0, size.kernel[axis]);
    const int64_t window = (size.kernel[axis] - 1) * attrs.dilations[axis] + 1;
    const int64_t padding = attrs.pads[axis] + attrs.pads[axis + 2];
    x[axis + 1] = dice.between(std::max<int64_t>(1, window - padding), std::max(window, widest));
    y[axis + 1] = (x[axis + 1] + padding - window) / attrs.strides[axis] + 1;
  }
  const Shape w{size.out_channels, size.kernel[0], size.kernel[1], size.in_channels / size.groups};
  c.depth = w[1] * w[2] * w[3];
  c.kind = OpKind::Conv;
  c.attrs = attrs;
  add_operands(dice, type, x, w, y, c);
  c.text = "Conv " + to_string(x) + " by " + to_string(w) + " to " + to_string(y);
  return c;
}

/// A line of many positions.
RowCase wide_conv_case(Dice& dice, DType type, int64_t width, int64_t in_channels, int64_t out_channels) {
  RowCase c;
  ConvAttrs attrs;
  attrs.clamp = random_clamp(dice);
  const int64_t size = dice.pick<int64_t>({1, 3, 3, 5}), stride = dice.pick<int64_t>({1, 1, 2});
  attrs.strides = {stride, stride};
  if (dice.flip()) attrs.pads = {size / 2, size / 2, size / 2, size / 2};
  const Shape y{1, 2, width, out_channels};
  const Shape x{1, stride + size - 2 * attrs.pads[0], (width - 1) * stride + size - 2 * attrs.pads[1], in_channels};
  const Shape w{out_channels, size, size, in_channels};
  c.depth = size * size * in_channels;
  c.kind = OpKind::Conv;
  c.attrs = attrs;
  add_operands(dice, type, x, w, y, c);
  c.text = "Conv " + to_string(x) + " by " + to_string(w) + " to " + to_string(y);
  return c;
}

RowCase linear_case(Dice& dice, DType type, int64_t depth, int64_t channels) {
  RowCase c;
  const int64_t rows = dice.pick<int64_t>({1, 1, 2, 7, 13});
  const Shape x{rows, depth}, w{channels, depth}, y{rows, channels};
  c.depth = depth;
  c.kind = OpKind::FullyConnected;
  c.attrs = ClampAttrs{random_clamp(dice)};
  add_operands(dice, type, x, w, y, c);
  c.text = "FullyConnected " + to_string(x) + " by " + to_string(w);
  return c;
}

RowCase matmul_case(Dice& dice, int64_t depth, int64_t channels) {
  RowCase c;
  MatMulAttrs attrs;
  attrs.transpose_b = dice.flip();
  attrs.clamp = random_clamp(dice);
  const int64_t rows = dice.pick<int64_t>({1, 2, 7, 13});
  const Shape x{2, rows, depth}, w = attrs.transpose_b ? Shape{channels, depth} : Shape{depth, channels};
  c.depth = depth;
  c.kind = OpKind::MatMul;
  c.attrs = attrs;
  c.inputs = {random_floats(dice, x), In::constant(random_floats(dice, w))};
  c.output = {DType::float32, {2, rows, channels}};
  c.text = "MatMul " + to_string(x) + " by " + to_string(w);
  return c;
}

RowCase binary_case(Dice& dice, DType type, const Shape& a, const Shape& b, const Shape& y) {
  RowCase c;
  c.kind = dice.pick({OpKind::Add, OpKind::Sub, OpKind::Mul});
  c.attrs = ClampAttrs{random_clamp(dice)};
  c.arithmetic = dice.flip() ? Arithmetic::float_rule : Arithmetic::fixed_rule;
  const DType out_type = dice.pick({DType::int8, DType::uint8});
  // Scales that are powers of two make ties, where rules differ.
  const auto scale = [&] { return dice.flip() ? dice.real(0.01f, 0.1f) : dice.pick({0.015625f, 0.03125f, 0.0625f}); };
  c.inputs = {quantized(random_bytes(dice, type, a), scale(), zero_point(dice, type)),
              quantized(random_bytes(dice, type, b), scale(), zero_point(dice, type))};
  c.output = {out_type, y, {{scale()}, {zero_point(dice, out_type)}, 0}};
  c.text = std::string(info(c.kind).name) + " " + to_string(a) + " and " + to_string(b);
  return c;
}

Pair random_kernel(Dice& dice) {
  return dice.pick<Pair>({{1, 1}, {1, 1}, {3, 3}, {3, 3}, {1, 3}, {5, 2}});
}

RowCase max_pool_case(Dice& dice, DType type, int64_t channels) {
  RowCase c;
  PoolAttrs attrs;
  attrs.kernel = dice.pick<Pair>({{2, 2}, {3, 3}, {1, 4}});
  attrs.strides = {dice.between(1, 3), dice.between(1, 3)};
  for (size_t side = 0; side < 4; ++side) attrs.pads[side] = dice.between(0, attrs.kernel[side % 2] - 1);
  if (dice.between(0, 2) == 0) attrs.clamp = {0, 1};
  const Shape x{dice.between(1, 2), dice.between(4, 9), dice.between(4, 9), channels};
  Shape y = x;
  for (size_t axis = 0; axis < 2; ++axis) {
    const int64_t room = x[axis + 1] + attrs.pads[axis] + attrs.pads[axis + 2] - attrs.kernel[axis];
    y[axis + 1] = room / attrs.strides[axis] + 1;
  }
  const Tensor input = quantized(random_bytes(dice, type, x), 0.02f, zero_point(dice, type));
  c.kind = OpKind::MaxPool;
  c.attrs = attrs;
  c.inputs = {input};
  c.output = {type, y, input.quantization};
  if (dice.flip()) c.output = {dice.pick({DType::int8, DType::uint8}), y, {{0.03f}, {7}, 0}};
  c.text = "MaxPool " + to_string(x) + " to " + to_string(y);
  return c;
}

RowCase quantize_case(Dice& dice, DType type, int64_t size) {
  RowCase c;
  Tensor x = random_floats(dice, {size});
  const auto values = x.mutable_data<float>();
  for (float& v : values) v *= 10;
  // Ties, beyond every bound, and not a number.
  const float special[] = {0.125f, 0.375f, -0.125f, 1e30f, -INFINITY, NAN};
  std::copy_n(special, std::min<size_t>(values.size(), 6), values.begin());
  c.kind = OpKind::Quantize;
  c.attrs = NoAttrs{};
  c.inputs = {x};
  c.output = {type, {size}, {{dice.pick({0.25f, 0.0713f})}, {zero_point(dice, type)}, 0}};
  c.text = "Quantize " + to_string(x.shape());
  return c;
}

}  // namespace

std::vector<RowCase> wide_line_cases(DType type, uint32_t seed) {
  Dice dice(seed);
  std::vector<RowCase> cases;
  for (int64_t width : {15, 16, 17, 31, 32, 33, 48, 50, 65, 80}) {
    for (int64_t channels : {1, 3, 16, 33, 64}) {
      cases.push_back(wide_conv_case(dice, type, width, channels, dice.pick<int64_t>({1, 16, 17, 40, 70})));
    }
  }
  return cases;
}

std::vector<RowCase> product_cases(DType type, uint32_t seed) {
  Dice dice(seed);
  std::vector<RowCase> cases;
  const auto some = [&] { return dice.pick<int64_t>({1, 3, 4, 8, 15, 16, 17, 31, 33}); };
  for (int64_t channels = 1; channels <= 67; ++channels) {
    cases.push_back(conv_case(dice, type, {channels, some(), 1, random_kernel(dice)}));
    cases.push_back(conv_case(dice, type, {some(), channels, 1, random_kernel(dice)}));
    cases.push_back(linear_case(dice, type, channels, some()));
    cases.push_back(linear_case(dice, type, some() * some(), channels));
    if (type == DType::float32) cases.push_back(matmul_case(dice, some(), channels));
  }
  return cases;
}

std::vector<RowCase> depthwise_cases(DType type, uint32_t seed) {
  Dice dice(seed);
  std::vector<RowCase> cases;
  for (int64_t channels = 1; channels <= 67; ++channels) {
    cases.push_back(conv_case(dice, type, {channels, channels, channels, random_kernel(dice)}));
    cases.push_back(conv_case(dice, type, {channels, channels, channels, {3, 3}}));
  }
  for (int64_t channels : {127, 128, 129, 200}) {
    cases.push_back(conv_case(dice, type, {channels, channels, channels, {5, 5}}));
  }
  return cases;
}

std::vector<RowCase> binary_cases(DType type, uint32_t seed) {
  Dice dice(seed);
  std::vector<RowCase> cases;
  if (!is_8bit(type)) return cases;
  for (int64_t n = 1; n <= 67; ++n) {
    cases.push_back(binary_case(dice, type, {2, n}, {2, n}, {2, n}));
    cases.push_back(binary_case(dice, type, {2, 3, n}, {2, 1, n}, {2, 3, n}));
    cases.push_back(binary_case(dice, type, {1}, {5, n}, {5, n}));
  }
  cases.push_back(binary_case(dice, type, {3, 7, 1}, {3, 7, 40}, {3, 7, 40}));
  cases.push_back(binary_case(dice, type, {9, 1000}, {9, 1000}, {9, 1000}));
  cases.push_back(binary_case(dice, type, {2, 1030}, {1, 1030}, {2, 1030}));
  return cases;
}

std::vector<RowCase> pool_cases(DType type, uint32_t seed) {
  Dice dice(seed);
  std::vector<RowCase> cases;
  for (int64_t channels = 1; channels <= 67 && is_8bit(type); ++channels) {
    cases.push_back(max_pool_case(dice, type, channels));
  }
  return cases;
}

std::vector<RowCase> quantize_cases(DType type, uint32_t seed) {
  Dice dice(seed);
  std::vector<RowCase> cases;
  for (int64_t size = 1; size <= 67 && is_8bit(type); ++size) cases.push_back(quantize_case(dice, type, size));
  if (is_8bit(type)) cases.push_back(quantize_case(dice, type, 20011));
  return cases;
}

}  // namespace quern::test
