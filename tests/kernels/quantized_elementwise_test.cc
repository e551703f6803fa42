// The vectors named "as LiteRT" were given by LiteRT 2.3's reference kernels on one-operator models.
#include <gmock/gmock.h>

#include "kernels/run_kernel.h"

namespace quern::test {
namespace {

using ::testing::ElementsAre;

constexpr How kFloat{};
constexpr How kFixed{Isa::reference, 1, Arithmetic::fixed_rule};

Out int8_out(int64_t n, float scale, int32_t zero_point) {
  return {DType::int8, {1, n}, {{scale}, {zero_point}, 0}};
}

In codes() {
  return quantized(Tensor::of<int8_t>({1, 12}, {-128, -100, -40, -9, -8, -7, -1, 0, 5, 33, 90, 127}), 0.047f, -7);
}
In others(float scale, int32_t zero_point) {
  return quantized(Tensor::of<int8_t>({1, 12}, {9, -3, 44, 3, 1, 0, -50, 5, 6, 7, 8, -19}), scale, zero_point);
}

TEST(QuantizedAdd, FixedAsLiteRt) {
  EXPECT_THAT(run_one<int8_t>(OpKind::Add, ClampAttrs{}, {codes(), others(0.2f, 5)}, int8_out(12, 0.031f, -20), kFixed),
              ElementsAre(-128, -128, 127, -36, -47, -52, -128, -9, 5, 54, 127, 28));
}
TEST(QuantizedSub, FixedAsLiteRt) {
  EXPECT_THAT(run_one<int8_t>(OpKind::Sub, ClampAttrs{}, {codes(), others(0.2f, 5)}, int8_out(12, 0.031f, -20), kFixed),
              ElementsAre(-128, -109, -128, -10, 4, 12, 127, -9, -8, 28, 108, 127));
}
TEST(QuantizedMul, FixedAsLiteRt) {
  EXPECT_THAT(run_one<int8_t>(OpKind::Mul, ClampAttrs{}, {codes(), others(0.2f, 5)}, int8_out(12, 0.031f, -20), kFixed),
              ElementsAre(-128, 127, -128, -19, -19, -20, -120, -20, -16, 5, 68, -128));
}
TEST(QuantizedPRelu, FixedAsLiteRt) {
  EXPECT_THAT(
      run_one<int8_t>(OpKind::PRelu, NoAttrs{}, {codes(), others(0.011f, 4)}, int8_out(12, 0.031f, -20), kFixed),
      ElementsAre(-30, -9, -42, -20, -20, -20, -11, -9, -2, 41, 127, 127));
}

TEST(QuantizedAdd, FloatRuleRoundsTheSumHalfToEven) {
  const In a = quantized(Tensor::of<int8_t>({1, 4}, {1, 3, -1, 100}), 0.5f, 0);
  const In b = quantized(Tensor::of<int8_t>({1, 4}, {2, 2, -2, 120}), 0.5f, 0);
  EXPECT_THAT(run_one<int8_t>(OpKind::Add, ClampAttrs{}, {a, b}, int8_out(4, 1.0f, 0), kFloat),
              ElementsAre(2, 2, -2, 110));
}
TEST(QuantizedSub, BroadcastsAChannel) {
  const In a = quantized(Tensor::of<uint8_t>({2, 2}, {10, 20, 30, 40}), 1.0f, 0);
  const In b = quantized(Tensor::of<uint8_t>({2}, {5, 15}), 1.0f, 5);
  const Out y{DType::uint8, {2, 2}, {{1.0f}, {0}, 0}};
  for (const How& how : {kFloat, kFixed}) {
    EXPECT_THAT(run_one<uint8_t>(OpKind::Sub, ClampAttrs{}, {a, b}, y, how), ElementsAre(10, 10, 30, 30));
  }
}
TEST(QuantizedMul, FusedClampHoldsTheProduct) {
  const In a = quantized(Tensor::of<int8_t>({1, 3}, {-4, 2, 4}), 1.0f, 0);
  EXPECT_THAT(run_one<int8_t>(OpKind::Mul, ClampAttrs{{0.0f, 6.0f}},
                              {a, quantized(Tensor::of<int8_t>({1}, {2}), 1.0f, 0)}, int8_out(3, 1.0f, 0), kFixed),
              ElementsAre(0, 4, 6));
}
TEST(QuantizedMax, ComparesOnTheOutputsGrid) {
  const In a = quantized(Tensor::of<int8_t>({1, 2}, {10, -10}), 1.0f, 0);   // 10, -10
  const In b = quantized(Tensor::of<int8_t>({1, 2}, {10, 10}), 0.5f, -10);  // 10, 10
  EXPECT_THAT(run_one<int8_t>(OpKind::Max, NoAttrs{}, {a, b}, int8_out(2, 2.0f, 1)), ElementsAre(6, 6));
  EXPECT_THAT(run_one<int8_t>(OpKind::Min, NoAttrs{}, {a, b}, int8_out(2, 2.0f, 1)), ElementsAre(6, -4));
}

std::vector<int8_t> unary(OpKind kind, const Attrs& attrs, float scale, int32_t zero_point) {
  return run_one<int8_t>(kind, attrs, {codes()}, int8_out(12, scale, zero_point), kFixed);
}

TEST(QuantizedUnary, HardSwishAsLiteRt) {
  EXPECT_THAT(unary(OpKind::HardSwish, NoAttrs{}, 0.031f, -20),
              ElementsAre(-20, -20, -32, -21, -21, -20, -15, -14, -9, 29, 127, 127));
}
TEST(QuantizedUnary, LeakyReluAsLiteRt) {
  EXPECT_THAT(unary(OpKind::LeakyRelu, UnaryAttrs{0.13, 0}, 0.031f, -20),
              ElementsAre(-44, -38, -27, -21, -20, -20, -11, -9, -2, 41, 127, 127));
}
TEST(QuantizedUnary, TanhAsLiteRt) {
  EXPECT_THAT(unary(OpKind::Tanh, NoAttrs{}, 1.0f / 128, 0),
              ElementsAre(-128, -128, -117, -12, -6, 0, 35, 41, 65, 122, 127, 127));
}
TEST(QuantizedUnary, SigmoidAsLiteRt) {
  EXPECT_THAT(unary(OpKind::Sigmoid, NoAttrs{}, 1.0f / 256, -128),
              ElementsAre(-127, -125, -83, -6, -3, 0, 18, 21, 35, 94, 125, 127));
}
TEST(QuantizedUnary, ClipAsLiteRtsRelu6) {
  EXPECT_THAT(unary(OpKind::Clip, UnaryAttrs{0, 6}, 0.031f, -20),
              ElementsAre(-20, -20, -20, -20, -20, -20, -11, -9, -2, 41, 127, 127));
}
TEST(QuantizedUnary, FloatRuleIsDequantizeFunctionQuantize) {
  const In x = quantized(Tensor::of<int8_t>({1, 4}, {-8, 1, 3, 5}), 0.5f, 0);
  EXPECT_THAT(run_one<int8_t>(OpKind::Relu, NoAttrs{}, {x}, int8_out(4, 1.0f, 0), kFloat), ElementsAre(0, 0, 2, 2));
}

TEST(QuantizedReduceMean, FixedAsLiteRt) {
  const In x = quantized(Tensor::of<int8_t>({2, 3}, {-5, 3, 9, 1, 2, 2}), 0.047f, -7);
  ReduceAttrs attrs;
  attrs.axes = {1};
  const Out y{DType::int8, {2, 1}, {{0.031f}, {-20}, 0}};
  EXPECT_THAT(run_one<int8_t>(OpKind::ReduceMean, attrs, {x}, y, kFixed), ElementsAre(-6, -7));
}
TEST(QuantizedReduceMean, FloatRuleRoundsHalfToEven) {
  const In x = quantized(Tensor::of<uint8_t>({2, 2}, {1, 2, 3, 4}), 1.0f, 0);
  ReduceAttrs attrs;
  attrs.axes = {0};
  const Out y{DType::uint8, {1, 2}, {{2.0f}, {0}, 0}};
  EXPECT_THAT(run_one<uint8_t>(OpKind::ReduceMean, attrs, {x}, y, kFloat), ElementsAre(1, 2));  // 1 and 1.5
}
TEST(QuantizedReduce, SumAndExtremaOverTheLastAxis) {
  const In x = quantized(Tensor::of<int8_t>({2, 3}, {-5, 3, 9, 1, 2, -20}), 1.0f, 1);
  ReduceAttrs attrs;
  attrs.axes = {1};
  const Out y{DType::int8, {2, 1}, {{1.0f}, {1}, 0}};
  for (const How& how : {kFloat, kFixed}) {
    EXPECT_THAT(run_one<int8_t>(OpKind::ReduceSum, attrs, {x}, y, how), ElementsAre(5, -19));
    EXPECT_THAT(run_one<int8_t>(OpKind::ReduceMax, attrs, {x}, y, how), ElementsAre(9, 2));
    EXPECT_THAT(run_one<int8_t>(OpKind::ReduceMin, attrs, {x}, y, how), ElementsAre(-5, -20));
  }
}

}  // namespace
}  // namespace quern::test
