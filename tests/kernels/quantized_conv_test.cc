#include <gmock/gmock.h>

#include "kernels/run_kernel.h"

namespace quern::test {
namespace {

using ::testing::ElementsAre;

constexpr How kFloat{};
constexpr How kFixed{Isa::reference, 1, Arithmetic::fixed_rule};

/// A 1x1 convolution with one channel of each, factor s_x * s_w / s_y = 0.5.
std::vector<int8_t> halve(std::initializer_list<int8_t> x, const How& how, ConvAttrs attrs = {}) {
  const auto n = static_cast<int64_t>(x.size());
  const In input = quantized(Tensor::of<int8_t>({1, 1, n, 1}, x), 0.5f, 0);
  const In weights = In::constant(quantized(Tensor::of<int8_t>({1, 1, 1, 1}, {1}), 0.5f, 0));
  return run_one<int8_t>(OpKind::Conv, attrs, {input, weights}, {DType::int8, {1, 1, n, 1}, {{0.5f}, {0}, 0}}, how);
}

TEST(QuantizedConv, FloatRuleRoundsTiesToEven) {
  EXPECT_THAT(halve({1, 3, 5, -1, -3, -5}, kFloat), ElementsAre(0, 2, 2, 0, -2, -2));
}

TEST(QuantizedConv, FixedRuleRoundsTiesInTheHighMultiplyUpwards) {
  // The multiplier is 2^30 with no shift: the only rounding is that of the doubling high multiply, whose nudge and
  // truncating division take a negative tie towards zero.
  EXPECT_THAT(halve({1, 3, 5, -1, -3, -5}, kFixed), ElementsAre(1, 2, 3, 0, -1, -2));
}

TEST(QuantizedConv, FusedClampBecomesStoredBounds) {
  ConvAttrs attrs;
  attrs.clamp = {0.0f, 6.0f};
  EXPECT_THAT(halve({-100, 10, 100}, kFloat, attrs), ElementsAre(0, 5, 12));
  EXPECT_THAT(halve({-100, 10, 100}, kFixed, attrs), ElementsAre(0, 5, 12));
}

TEST(QuantizedConv, AResultThatStaysRealIsTheScaledSum) {
  const In x = quantized(Tensor::of<int8_t>({1, 1, 1, 1}, {7}), 0.5f, 2);
  Tensor weights = Tensor::of<int8_t>({3, 1, 1, 1}, {3, -3, 100});
  weights.quantization = {{0.1f, 0.2f, 1.0f}, {0, 0, 0}, 0};
  const In bias = In::constant(Tensor::of<int32_t>({3}, {1, 0, 0}));
  ConvAttrs attrs;
  attrs.clamp = {-1.0f, 6.0f};
  for (const How& how : {kFloat, kFixed}) {
    std::string row;
    const auto y =
        run_kernel(OpKind::Conv, attrs, {x, In::constant(weights), bias}, {{DType::float32, {1, 1, 1, 3}}}, how, &row);
    ASSERT_TRUE(y.ok());
    EXPECT_EQ(row, "conv_quantized_reference");
    EXPECT_THAT(y->front().data<float>(), ElementsAre(16 * (0.5f * 0.1f), -1.0f, 6.0f));
  }
}

TEST(QuantizedConv, PaddingReadsTheZeroPoint) {
  ConvAttrs attrs;
  attrs.pads = {0, 1, 0, 1};
  const In x = quantized(Tensor::of<uint8_t>({1, 1, 2, 1}, {12, 13}), 1.0f, 10);
  const In w = In::constant(quantized(Tensor::of<int8_t>({1, 1, 3, 1}, {1, 2, 4}), 1.0f, 0));
  const Out y{DType::uint8, {1, 1, 2, 1}, {{1.0f}, {100}, 0}};
  // real x is 2 3: taps (0, 2, 3) and (2, 3, 0)
  EXPECT_THAT(run_one<uint8_t>(OpKind::Conv, attrs, {x, w}, y, kFixed), ElementsAre(100 + 4 + 12, 100 + 2 + 6));
}

TEST(QuantizedConv, EachChannelHasItsScaleAndZeroPoint) {
  const In x = quantized(Tensor::of<int8_t>({1, 1, 1, 1}, {10}), 1.0f, 0);
  Tensor weights = Tensor::of<uint8_t>({2, 1, 1, 1}, {7, 7});
  weights.quantization = {{1.0f, 0.5f}, {5, 1}, 0};
  const Out y{DType::int8, {1, 1, 1, 2}, {{1.0f}, {0}, 0}};
  for (const How& how : {kFloat, kFixed}) {
    EXPECT_THAT(run_one<int8_t>(OpKind::Conv, ConvAttrs{}, {x, In::constant(weights)}, y, how), ElementsAre(20, 30));
  }
}

TEST(QuantizedConv, WeightOfMinus128IsTakenAsItIs) {
  const In x = quantized(Tensor::of<int8_t>({1, 1, 1, 1}, {-128}), 1.0f, 127);
  const In w = In::constant(quantized(Tensor::of<int8_t>({1, 1, 1, 1}, {-128}), 1.0f, 0));
  const Out y{DType::int8, {1, 1, 1, 1}, {{1024.0f}, {0}, 0}};
  EXPECT_THAT(run_one<int8_t>(OpKind::Conv, ConvAttrs{}, {x, w}, y), ElementsAre(32));  // 255 * 128 / 1024 = 31.9
}

TEST(QuantizedConv, DepthwiseAddsTheBiasOfItsChannel) {
  ConvAttrs attrs;
  attrs.groups = 2;
  const In x = quantized(Tensor::of<int8_t>({1, 1, 2, 2}, {1, 2, 3, 4}), 1.0f, 0);
  const In w = In::constant(quantized(Tensor::of<int8_t>({2, 1, 2, 1}, {1, 10, 1, -1}), 1.0f, 0));
  const In bias = In::constant(quantized(Tensor::of<int32_t>({2}, {5, -7}), 1.0f, 0));
  const Out y{DType::int8, {1, 1, 1, 2}, {{1.0f}, {0}, 0}};
  EXPECT_THAT(run_one<int8_t>(OpKind::Conv, attrs, {x, w, bias}, y, kFixed), ElementsAre(36, -9));
}

TEST(QuantizedConv, GroupsReadTheirOwnChannels) {
  ConvAttrs attrs;
  attrs.groups = 2;
  const In x = quantized(Tensor::of<int8_t>({1, 1, 1, 4}, {1, 2, 3, 4}), 1.0f, 0);
  const In w = In::constant(quantized(Tensor::of<int8_t>({2, 1, 1, 2}, {1, 10, 1, 10}), 1.0f, 0));
  const Out y{DType::int8, {1, 1, 1, 2}, {{1.0f}, {0}, 0}};
  EXPECT_THAT(run_one<int8_t>(OpKind::Conv, attrs, {x, w}, y), ElementsAre(21, 43));
}

TEST(QuantizedConvTranspose, ScattersEveryInput) {
  ConvTransposeAttrs attrs;
  attrs.strides = {1, 2};
  const In x = quantized(Tensor::of<int8_t>({1, 1, 2, 1}, {1, 10}), 1.0f, 0);
  const In w = In::constant(quantized(Tensor::of<int8_t>({1, 1, 3, 1}, {1, 2, 3}), 1.0f, 0));
  const Out y{DType::int8, {1, 1, 5, 1}, {{1.0f}, {0}, 0}};
  EXPECT_THAT(run_one<int8_t>(OpKind::ConvTranspose, attrs, {x, w}, y), ElementsAre(1, 2, 13, 20, 30));
}

TEST(QuantizedConv, ResultDoesNotDependOnThreads) {
  Tensor x = *Tensor::make(DType::int8, {1, 9, 7, 5});
  Tensor w = *Tensor::make(DType::int8, {6, 3, 3, 5});
  for (int64_t i = 0; i < x.size(); ++i) x.mutable_data<int8_t>()[i] = static_cast<int8_t>(i * 37);
  for (int64_t i = 0; i < w.size(); ++i) w.mutable_data<int8_t>()[i] = static_cast<int8_t>(i * 91);
  const std::vector<In> inputs = {quantized(x, 0.02f, 3), In::constant(quantized(w, 0.01f, 0))};
  const Out y{DType::int8, {1, 7, 5, 6}, {{0.3f}, {-5}, 0}};
  const auto one = run_one<int8_t>(OpKind::Conv, ConvAttrs{}, inputs, y);
  EXPECT_FALSE(one.empty());
  EXPECT_EQ(one, run_one<int8_t>(OpKind::Conv, ConvAttrs{}, inputs, y, {Isa::reference, 4, Arithmetic::float_rule}));
}

}  // namespace
}  // namespace quern::test
