#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/run_kernel.h"

namespace quern::test {
namespace {

using testing::ElementsAre;
using testing::FloatEq;
using testing::FloatNear;
using testing::Pointwise;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

template <typename T>
std::vector<T> binary(OpKind kind, const Tensor& a, const Tensor& b, Shape shape, DType type = DTypeOf<T>::value) {
  return run_one<T>(kind, default_attrs(kind), {a, b}, {type, std::move(shape)});
}

std::vector<float> unary(OpKind kind, const std::vector<float>& values, double alpha = 0, double beta = 0) {
  Attrs attrs = default_attrs(kind);
  if (auto* own = std::get_if<UnaryAttrs>(&attrs)) *own = {alpha, beta};
  const Shape shape = {static_cast<int64_t>(values.size())};
  Tensor x = *Tensor::make(DType::float32, shape);
  std::copy(values.begin(), values.end(), x.mutable_data<float>().begin());
  return run_one<float>(kind, attrs, {x}, {DType::float32, shape});
}

TEST(BinaryReference, BroadcastsBothWays) {
  const Tensor column = Tensor::of<float>({3, 1}, {1, 2, 3});
  const Tensor row = Tensor::of<float>({2}, {10, 20});
  EXPECT_THAT(binary<float>(OpKind::Add, column, row, {3, 2}), ElementsAre(11, 21, 12, 22, 13, 23));
  EXPECT_THAT(binary<float>(OpKind::Sub, row, column, {3, 2}), ElementsAre(9, 19, 8, 18, 7, 17));
}

TEST(BinaryReference, BroadcastsInTheMiddle) {
  const Tensor x = Tensor::of<int32_t>({2, 2, 2}, {0, 1, 2, 3, 4, 5, 6, 7});
  const Tensor y = Tensor::of<int32_t>({2, 1, 2}, {10, 20, 30, 40});
  EXPECT_THAT(binary<int32_t>(OpKind::Add, x, y, {2, 2, 2}), ElementsAre(10, 21, 12, 23, 34, 45, 36, 47));
}

TEST(BinaryReference, ManyThreadsGiveTheSame) {
  const int64_t n = 70000;
  Tensor x = *Tensor::make(DType::float32, {n, 3});
  for (int64_t i = 0; i < x.size(); ++i) x.mutable_data<float>()[static_cast<size_t>(i)] = static_cast<float>(i % 1013);
  const Tensor y = Tensor::of<float>({3}, {1, 2, 3});
  const Out out{DType::float32, {n, 3}};
  How four;
  four.threads = 4;
  EXPECT_EQ(run_one<float>(OpKind::Mul, ClampAttrs{}, {x, y}, out),
            run_one<float>(OpKind::Mul, ClampAttrs{}, {x, y}, out, four));
}

TEST(BinaryReference, ClampsSumsOfFloats) {
  ClampAttrs relu6;
  relu6.clamp = {0, 6};
  const Tensor x = Tensor::of<float>({3}, {-1, 2, 5});
  EXPECT_THAT(run_one<float>(OpKind::Add, relu6, {x, x}, {DType::float32, {3}}), ElementsAre(0, 4, 6));
}

TEST(BinaryReference, IntegersTruncateAndNeverTrap) {
  const int32_t least = std::numeric_limits<int32_t>::min();
  const Tensor a = Tensor::of<int32_t>({4}, {-7, 7, 5, least});
  const Tensor b = Tensor::of<int32_t>({4}, {2, -2, 0, -1});
  EXPECT_THAT(binary<int32_t>(OpKind::Div, a, b, {4}), ElementsAre(-3, -3, 0, least));
  EXPECT_THAT(binary<int32_t>(OpKind::Mod, a, b, {4}), ElementsAre(1, -1, 0, 0));
}

TEST(BinaryReference, IntegersWrapAround) {
  const Tensor a = Tensor::of<int8_t>({2}, {127, -128});
  const Tensor b = Tensor::of<int8_t>({2}, {1, -128});
  EXPECT_THAT(binary<int8_t>(OpKind::Add, a, b, {2}), ElementsAre(-128, 0));
  EXPECT_THAT(binary<int8_t>(OpKind::Mul, a, b, {2}), ElementsAre(127, 0));
}

TEST(BinaryReference, ModOfFloatsHasTheSignOfTheDividend) {
  EXPECT_THAT(binary<float>(OpKind::Mod, Tensor::of<float>({2}, {-7, 7}), Tensor::of<float>({1}, {3}), {2}),
              ElementsAre(-1, 1));
}

TEST(BinaryReference, MinAndMaxKeepNaN) {
  const Tensor a = Tensor::of<float>({2}, {kNaN, 1}), b = Tensor::of<float>({2}, {1, kNaN});
  for (const OpKind kind : {OpKind::Min, OpKind::Max}) {
    const auto out = binary<float>(kind, a, b, {2});
    ASSERT_EQ(out.size(), 2U);
    EXPECT_TRUE(std::isnan(out[0]) && std::isnan(out[1]));
  }
}

TEST(BinaryReference, ComparisonsGiveBooleans) {
  const Tensor a = Tensor::of<float>({3}, {1, 2, kNaN}), b = Tensor::of<float>({3}, {2, 2, kNaN});
  EXPECT_THAT(binary<bool>(OpKind::Less, a, b, {3}), ElementsAre(true, false, false));
  EXPECT_THAT(binary<bool>(OpKind::LessOrEqual, a, b, {3}), ElementsAre(true, true, false));
  EXPECT_THAT(binary<bool>(OpKind::Equal, a, b, {3}), ElementsAre(false, true, false));
  EXPECT_THAT(binary<bool>(OpKind::Greater, a, b, {3}), ElementsAre(false, false, false));
}

TEST(BinaryReference, LogicIsOnBooleans) {
  const Tensor a = Tensor::of<bool>({4}, {false, false, true, true}),
               b = Tensor::of<bool>({4}, {false, true, false, true});
  EXPECT_THAT(binary<bool>(OpKind::And, a, b, {4}), ElementsAre(false, false, false, true));
  EXPECT_THAT(binary<bool>(OpKind::Xor, a, b, {4}), ElementsAre(false, true, true, false));
}

TEST(BinaryReference, PReluTakesASlopeForEachChannel) {
  const Tensor x = Tensor::of<float>({2, 2}, {-1, -1, 2, -2}), slope = Tensor::of<float>({2}, {0.5f, 0.25f});
  EXPECT_THAT(binary<float>(OpKind::PRelu, x, slope, {2, 2}), ElementsAre(-0.5f, -0.25f, 2, -0.5f));
}

TEST(PowReference, GivesTheTypeOfTheBase) {
  EXPECT_THAT(
      binary<int32_t>(OpKind::Pow, Tensor::of<int32_t>({3}, {2, -3, 9}), Tensor::of<float>({3}, {10, 3, 0.5f}), {3}),
      ElementsAre(1024, -27, 3));
  EXPECT_THAT(binary<float>(OpKind::Pow, Tensor::of<float>({2}, {4, 2}), Tensor::of<int64_t>({2}, {-1, 3}), {2}),
              ElementsAre(0.25f, 8));
  EXPECT_THAT(
      binary<int64_t>(OpKind::Pow, Tensor::of<int64_t>({3}, {3, 0, -1}), Tensor::of<int64_t>({3}, {39, -1, -3}), {3}),
      ElementsAre(4052555153018976267, 0, -1));
}

TEST(WhereReference, ChoosesAndBroadcasts) {
  const Tensor condition = Tensor::of<bool>({2, 1}, {true, false});
  const Tensor yes = Tensor::of<int16_t>({3}, {1, 2, 3}), no = Tensor::of<int16_t>({}, {9});
  EXPECT_THAT(run_one<int16_t>(OpKind::Where, NoAttrs{}, {condition, yes, no}, {DType::int16, {2, 3}}),
              ElementsAre(1, 2, 3, 9, 9, 9));
}

TEST(UnaryReference, ActivationsAtHandComputedPoints) {
  EXPECT_THAT(unary(OpKind::Relu, {-1, 0, 2}), ElementsAre(0, 0, 2));
  EXPECT_THAT(unary(OpKind::Clip, {-1, 0.5f, 9}, 0, 6), ElementsAre(0, 0.5f, 6));
  EXPECT_THAT(unary(OpKind::Clip, {-1, 9}, -INFINITY, 6), ElementsAre(-1, 6));
  EXPECT_THAT(unary(OpKind::LeakyRelu, {-2, 2}, 0.25), ElementsAre(-0.5f, 2));
  EXPECT_THAT(unary(OpKind::HardSigmoid, {-10, 0, 1, 10}, 0.25, 0.5), ElementsAre(0, 0.5f, 0.75f, 1));
  EXPECT_THAT(unary(OpKind::HardSwish, {-4, -1.5f, 3, 4}), ElementsAre(0, -0.375f, 3, 4));
  EXPECT_THAT(unary(OpKind::ThresholdedRelu, {0.5f, 1, 1.5f}, 1), ElementsAre(0, 0, 1.5f));
  EXPECT_THAT(unary(OpKind::Elu, {-1, 1}, 2), ElementsAre(FloatEq(-1.2642411f), 1));
  EXPECT_THAT(unary(OpKind::Celu, {-2, 1}, 2), ElementsAre(FloatEq(-1.2642411f), 1));
  EXPECT_THAT(unary(OpKind::Gelu, {1}, 0), ElementsAre(FloatEq(0.8413447f)));
  EXPECT_THAT(unary(OpKind::Gelu, {1}, 1), ElementsAre(FloatNear(0.841192f, 1e-6f)));
  EXPECT_THAT(unary(OpKind::Mish, {1}), ElementsAre(FloatEq(0.8650984f)));
  EXPECT_THAT(unary(OpKind::Swish, {1}, 1), ElementsAre(FloatEq(0.7310586f)));
}

TEST(UnaryReference, FarOutNothingOverflows) {
  EXPECT_THAT(unary(OpKind::Sigmoid, {-200, 0, 200}), ElementsAre(0, 0.5f, 1));
  EXPECT_THAT(unary(OpKind::Softplus, {-200, 200}), ElementsAre(0, 200));
  EXPECT_THAT(unary(OpKind::Mish, {-200, 200}), ElementsAre(0, 200));
}

TEST(UnaryReference, SigmoidIsWithinFourUnitsInTheLastPlace) {
  std::vector<float> x;
  for (float v = -86; v < 90; v += 0.0371f) x.push_back(v);
  const std::vector<float> y = unary(OpKind::Sigmoid, x);
  for (size_t i = 0; i < x.size(); ++i) {
    const double exact = 1 / (1 + std::exp(-static_cast<double>(x[i])));
    ASSERT_NEAR(y[i], exact, 4 * 0x1p-24 * exact) << "sigmoid of " << x[i];
  }
}

TEST(UnaryReference, RoundsHalfToEven) {
  EXPECT_THAT(unary(OpKind::Round, {0.5f, 1.5f, 2.5f, -2.5f}), ElementsAre(0, 2, 2, -2));
}

TEST(UnaryReference, IntegersWrapAround) {
  const Tensor x = Tensor::of<int8_t>({3}, {-128, -3, 20});
  const Out out{DType::int8, {3}};
  EXPECT_THAT(run_one<int8_t>(OpKind::Abs, NoAttrs{}, {x}, out), ElementsAre(-128, 3, 20));
  EXPECT_THAT(run_one<int8_t>(OpKind::Neg, NoAttrs{}, {x}, out), ElementsAre(-128, 3, -20));
  EXPECT_THAT(run_one<int8_t>(OpKind::Sign, NoAttrs{}, {x}, out), ElementsAre(-1, -1, 1));
  EXPECT_THAT(run_one<int8_t>(OpKind::Clip, UnaryAttrs{-5, 1e9}, {x}, out), ElementsAre(-5, -3, 20));
}

TEST(UnaryReference, SeesInfinitiesOfTheSideAskedFor) {
  const Tensor x = Tensor::of<float>({3}, {kInf, -kInf, kNaN});
  const Out out{DType::boolean, {3}};
  EXPECT_THAT(run_one<bool>(OpKind::IsInf, UnaryAttrs{1, 0}, {x}, out), ElementsAre(true, false, false));
  EXPECT_THAT(run_one<bool>(OpKind::IsNaN, NoAttrs{}, {x}, out), ElementsAre(false, false, true));
}

TEST(UnaryReference, DeclinesQuantizedValues) {
  const Tensor x = quantized(Tensor::of<int8_t>({1}, {1}), 0.5f, 0);
  const OpCall call =
      make_call(OpKind::Abs, NoAttrs{}, {x}, {{DType::int8, {1}, x.quantization}}, Arithmetic::float_rule);
  EXPECT_EQ(make_of_row("unary_reference", call), nullptr);
}

}  // namespace
}  // namespace quern::test
