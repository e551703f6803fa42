// Cases of operators that look bytes up, move them, or do the same to every element.
#include <algorithm>
#include <cmath>

#include "kernels/row_cases.h"

namespace quern::test {

namespace {

Tensor stored(Dice& dice, DType type, const Shape& shape, float scale) {
  return quantized(random_bytes(dice, type, shape), scale, zero_point(dice, type));
}

RowCase unary_case(Dice& dice, DType type, int64_t size) {
  RowCase c;
  c.kind = dice.pick({OpKind::LeakyRelu, OpKind::Sigmoid, OpKind::HardSwish, OpKind::Relu});
  UnaryAttrs attrs;
  attrs.alpha = 0.1;
  c.attrs = attrs;
  c.arithmetic = dice.flip() ? Arithmetic::float_rule : Arithmetic::fixed_rule;
  c.inputs = {stored(dice, type, {size}, dice.real(0.01f, 0.1f))};
  const DType out = dice.pick({DType::int8, DType::uint8});
  c.output = {out, {size}, {{dice.real(0.005f, 0.05f)}, {zero_point(dice, out)}, 0}};
  c.text = std::string(info(c.kind).name) + " " + to_string(c.output.shape);
  return c;
}

RowCase requantize_case(Dice& dice, DType type, int64_t size) {
  RowCase c = unary_case(dice, type, size);
  c.kind = OpKind::Quantize;
  c.attrs = NoAttrs{};
  c.text = "Quantize " + to_string(c.output.shape);
  return c;
}

RowCase dequantize_case(Dice& dice, DType type, int64_t size) {
  RowCase c;
  c.kind = OpKind::Dequantize;
  c.attrs = NoAttrs{};
  c.inputs = {stored(dice, type, {size}, dice.real(0.01f, 0.1f))};
  c.output = {DType::float32, {size}, {}};
  c.text = "Dequantize " + to_string(c.output.shape);
  return c;
}

RowCase concat_case(Dice& dice, DType type, int64_t width) {
  RowCase c;
  c.kind = OpKind::Concat;
  c.attrs = AxisAttrs{2};
  const int64_t other = dice.between(1, 70);
  const Tensor first = stored(dice, type, {2, 3, width}, 0.03f);
  const Tensor second = stored(dice, type, {2, 3, other}, dice.real(0.01f, 0.1f));
  c.inputs = {first, second};
  c.output = {type, {2, 3, width + other}, first.quantization};
  c.text = "Concat " + to_string(first.shape()) + " and " + to_string(second.shape());
  return c;
}

/// One output that is the whole; several are in move_test.cc.
RowCase split_case(Dice& dice, DType type, int64_t width) {
  RowCase c;
  c.kind = OpKind::Split;
  SplitAttrs attrs;
  attrs.axis = 1;
  attrs.sizes = {width};
  c.attrs = attrs;
  const Tensor input = stored(dice, type, {3, width}, 0.03f);
  c.inputs = {input};
  c.output = {type, {3, width}, input.quantization};
  c.text = "Split " + to_string(input.shape());
  return c;
}

RowCase transpose_case(Dice& dice, DType type, int64_t extent) {
  RowCase c;
  c.kind = OpKind::Transpose;
  const Shape x =
      dice.pick<Shape>({{1, 2, extent, 5}, {2, 3, extent}, {1, extent, dice.between(1, 40)}, {2, 33, 1, extent}});
  TransposeAttrs attrs;
  for (size_t axis = 0; axis < x.size(); ++axis) attrs.perm.push_back(static_cast<int64_t>(axis));
  std::swap(attrs.perm[x.size() - 1],
            attrs.perm[static_cast<size_t>(dice.between(0, static_cast<int64_t>(x.size()) - 2))]);
  c.attrs = attrs;
  const Tensor input = stored(dice, type, x, 0.03f);
  Shape y;
  for (int64_t axis : attrs.perm) y.push_back(x[static_cast<size_t>(axis)]);
  c.inputs = {input};
  c.output = {type, y, input.quantization};
  c.text = "Transpose " + to_string(x) + " to " + to_string(y);
  return c;
}

RowCase mean_case(Dice& dice, DType type, int64_t channels) {
  RowCase c;
  c.kind = OpKind::ReduceMean;
  ReduceAttrs attrs;
  attrs.axes = {1, 2};
  attrs.keep_dims = true;
  c.attrs = attrs;
  c.arithmetic = dice.flip() ? Arithmetic::float_rule : Arithmetic::fixed_rule;
  const Shape x{dice.between(1, 2), dice.between(1, 9), dice.between(1, 9), channels};
  c.inputs = {stored(dice, type, x, 0.05f)};
  c.output = {dice.pick({DType::int8, DType::uint8}), {x[0], 1, 1, channels}, {{0.02f}, {5}, 0}};
  c.text = "ReduceMean " + to_string(x);
  return c;
}

RowCase resize_case(Dice& dice, DType type, int64_t channels) {
  RowCase c;
  c.kind = OpKind::Resize;
  ResizeAttrs attrs;
  attrs.mode = ResizeMode::linear;
  attrs.coordinates = dice.pick({Coordinates::half_pixel, Coordinates::align_corners, Coordinates::asymmetric});
  const Shape x{dice.between(1, 2), dice.between(1, 7), dice.between(1, 7), channels};
  const Shape y{x[0], dice.between(1, 15), dice.between(1, 15), channels};
  attrs.sizes = y;
  for (size_t i = 0; i < 4; ++i) attrs.scales.push_back(static_cast<float>(y[i]) / static_cast<float>(x[i]));
  c.attrs = attrs;
  const auto scale = [&] { return dice.flip() ? dice.real(0.01f, 0.1f) : 0.03125f; };
  c.inputs = {stored(dice, type, x, scale())};
  c.output = {type, y, {{scale()}, {zero_point(dice, type)}, 0}};
  c.text = "Resize " + to_string(x) + " to " + to_string(y);
  return c;
}

RowCase word_transpose_case(Dice& dice, int64_t extent) {
  RowCase c = transpose_case(dice, DType::uint8, extent);
  c.inputs = {random_floats(dice, c.inputs[0].tensor.shape())};
  c.output.dtype = DType::float32;
  c.output.quantization = {};
  return c;
}

RowCase real_max_pool_case(Dice& dice, int64_t channels) {
  RowCase c;
  c.kind = OpKind::MaxPool;
  PoolAttrs attrs;
  attrs.kernel = dice.pick<Pair>({{2, 2}, {3, 3}, {1, 4}});
  attrs.strides = {dice.between(1, 3), dice.between(1, 3)};
  attrs.pads = {0, 1, attrs.kernel[0] - 1, 1};
  if (dice.flip()) attrs.clamp = {0, 0.5f};
  const Shape x{dice.between(1, 2), dice.between(4, 9), dice.between(4, 9), channels};
  Shape y = x;
  for (size_t axis = 0; axis < 2; ++axis) {
    y[axis + 1] =
        (x[axis + 1] + attrs.pads[axis] + attrs.pads[axis + 2] - attrs.kernel[axis]) / attrs.strides[axis] + 1;
  }
  c.attrs = attrs;
  c.inputs = {random_floats(dice, x)};
  c.output = {DType::float32, y, {}};
  c.text = "MaxPool " + to_string(x) + " to " + to_string(y);
  return c;
}

RowCase real_mean_case(Dice& dice, int64_t channels) {
  RowCase c = mean_case(dice, DType::uint8, channels);
  c.inputs = {random_floats(dice, c.inputs[0].tensor.shape())};
  c.output.dtype = DType::float32;
  c.output.quantization = {};
  return c;
}

RowCase real_unary_case(Dice& dice, int64_t size) {
  RowCase c;
  c.kind = dice.pick({OpKind::LeakyRelu, OpKind::Relu, OpKind::Clip, OpKind::HardSwish});
  UnaryAttrs attrs;
  attrs.alpha = c.kind == OpKind::Clip ? -0.25 : 0.1;
  attrs.beta = 0.5;
  c.attrs = attrs;
  c.inputs = {random_floats(dice, {size})};
  c.output = {DType::float32, {size}, {}};
  c.text = std::string(info(c.kind).name) + " " + to_string(c.output.shape);
  return c;
}

/// Results within a few units in the last place, what a float case's tolerance allows at this depth.
RowCase sigmoid_case(Dice& dice, int64_t size) {
  RowCase c;
  c.kind = OpKind::Sigmoid;
  c.attrs = UnaryAttrs{};
  c.depth = 6;
  Tensor x = random_floats(dice, {size});
  for (float& v : x.mutable_data<float>()) v *= 30;
  c.inputs = {x};
  c.output = {DType::float32, {size}, {}};
  c.text = "Sigmoid " + to_string(c.output.shape);
  return c;
}

}  // namespace

std::vector<RowCase> byte_cases(DType type, uint32_t seed) {
  Dice dice(seed);
  std::vector<RowCase> cases;
  for (int64_t n = 1; n <= 67; ++n) {
    if (type == DType::float32) {
      for (auto make : {sigmoid_case, real_unary_case, real_mean_case, real_max_pool_case, word_transpose_case}) {
        cases.push_back(make(dice, n));
      }
    }
    if (!is_8bit(type)) continue;
    for (auto make : {unary_case, requantize_case, dequantize_case, concat_case, split_case, transpose_case, mean_case,
                      resize_case}) {
      cases.push_back(make(dice, type, n));
    }
  }
  return cases;
}

}  // namespace quern::test
