// The vectors named "as LiteRT" were given by LiteRT 2.3's reference kernels on one-operator models.
#include <gmock/gmock.h>

#include <limits>

#include "kernels/requantize.h"
#include "kernels/run_kernel.h"

namespace quern::test {
namespace {

using ::testing::ElementsAre;

constexpr How kFloat{};
constexpr How kFixed{Isa::reference, 1, Arithmetic::fixed_rule};

Quantization q(float scale, int32_t zero_point) {
  return {{scale}, {zero_point}, 0};
}

TEST(QuantizedFullyConnected, FixedRoundsOnceAsLiteRt) {
  const In x = quantized(Tensor::of<int8_t>({8, 1}, {1, 2, 3, 5, -1, -3, -5, -7}), 0.5f, 0);
  const In w = In::constant(quantized(Tensor::of<int8_t>({1, 1}, {1}), 0.5f, 0));
  const Out y{DType::int8, {8, 1}, q(1.0f, 0)};
  EXPECT_THAT(run_one<int8_t>(OpKind::FullyConnected, ClampAttrs{}, {x, w}, y, kFixed),
              ElementsAre(0, 1, 1, 1, 0, -1, -1, -2));
  EXPECT_THAT(run_one<int8_t>(OpKind::FullyConnected, ClampAttrs{}, {x, w}, y, kFloat),
              ElementsAre(0, 0, 1, 1, 0, -1, -1, -2));
}
TEST(QuantizedMatMul, BroadcastsLeadingAxesAndTransposes) {
  const In a = quantized(Tensor::of<int8_t>({2, 1, 2}, {1, 2, 3, 4}), 1.0f, 0);
  const In b = quantized(Tensor::of<uint8_t>({2, 2}, {11, 10, 12, 13}), 1.0f, 10);  // 1 0 / 2 3
  const Out y{DType::int8, {2, 1, 2}, q(1.0f, 0)};
  MatMulAttrs transposed;
  transposed.transpose_b = true;
  EXPECT_THAT(run_one<int8_t>(OpKind::MatMul, MatMulAttrs{}, {a, b}, y, kFixed), ElementsAre(5, 6, 11, 12));
  EXPECT_THAT(run_one<int8_t>(OpKind::MatMul, transposed, {a, b}, y, kFixed), ElementsAre(1, 8, 3, 18));
}
TEST(QuantizedMatMul, ColumnsMayHaveScales) {
  const In a = quantized(Tensor::of<int8_t>({1, 1}, {10}), 1.0f, 0);
  Tensor b = Tensor::of<int8_t>({1, 2}, {1, 1});
  b.quantization = {{1.0f, 2.0f}, {0, 0}, 1};
  EXPECT_THAT(run_one<int8_t>(OpKind::MatMul, MatMulAttrs{}, {a, b}, {DType::int8, {1, 2}, q(1.0f, 0)}),
              ElementsAre(10, 20));
}

TEST(QuantizedQuantize, TiesByTheRule) {
  const In x = Tensor::of<float>({5}, {0.5f, 1.5f, -0.5f, -2.5f, 1e30f});
  const Out y{DType::uint8, {5}, q(1.0f, 10)};
  EXPECT_THAT(run_one<uint8_t>(OpKind::Quantize, NoAttrs{}, {x}, y, kFloat), ElementsAre(10, 12, 10, 8, 255));
  EXPECT_THAT(run_one<uint8_t>(OpKind::Quantize, NoAttrs{}, {x}, y, kFixed), ElementsAre(11, 12, 9, 7, 255));
}
TEST(QuantizedQuantize, NotANumberIsTheZeroPoint) {
  const In x = Tensor::of<float>({1}, {std::numeric_limits<float>::quiet_NaN()});
  EXPECT_THAT(run_one<int8_t>(OpKind::Quantize, NoAttrs{}, {x}, {DType::int8, {1}, q(1.0f, -3)}), ElementsAre(-3));
}
TEST(QuantizedQuantize, FixedRequantizationAsLiteRt) {
  const In x = quantized(Tensor::of<int8_t>({12}, {-128, -100, -40, -9, -8, -7, -1, 0, 5, 33, 90, 127}), 0.047f, -7);
  EXPECT_THAT(run_one<int8_t>(OpKind::Quantize, NoAttrs{}, {x}, {DType::int8, {12}, q(0.031f, -20)}, kFixed),
              ElementsAre(-128, -128, -70, -23, -22, -20, -11, -9, -2, 41, 127, 127));
}
TEST(QuantizedQuantize, Int8ToUint8FlipsTheHighestBit) {
  const In x = quantized(Tensor::of<int8_t>({4}, {-128, -1, 0, 127}), 0.0361f, 79);
  for (const How& how : {kFloat, kFixed}) {
    EXPECT_THAT(run_one<uint8_t>(OpKind::Quantize, NoAttrs{}, {x}, {DType::uint8, {4}, q(0.0361f, 207)}, how),
                ElementsAre(0, 127, 128, 255));
  }
}
TEST(QuantizedDequantize, ByTheAxis) {
  Tensor x = Tensor::of<int8_t>({2, 2}, {1, 2, 3, 4});
  x.quantization = {{1.0f, 0.5f}, {0, 2}, 0};
  EXPECT_THAT(run_one<float>(OpKind::Dequantize, NoAttrs{}, {x}, {DType::float32, {2, 2}}), ElementsAre(1, 2, 0.5f, 1));
}

TEST(QuantizedSoftmax, FixedAsLiteRt) {
  SoftmaxAttrs attrs;
  attrs.axis = 1;
  const In x = quantized(Tensor::of<int8_t>({1, 7}, {10, 12, -30, 7, 127, 120, 126}), 0.21f, 3);
  EXPECT_THAT(run_one<int8_t>(OpKind::Softmax, attrs, {x}, {DType::int8, {1, 7}, q(1.0f / 256, -128)}, kFixed),
              ElementsAre(-128, -128, -128, -128, -3, -99, -26));
  const In u = quantized(Tensor::of<uint8_t>({1, 5}, {10, 12, 30, 7, 27}), 0.05f, 3);
  EXPECT_THAT(run_one<uint8_t>(OpKind::Softmax, attrs, {u}, {DType::uint8, {1, 5}, q(1.0f / 256, 0)}, kFixed),
              ElementsAre(32, 35, 87, 27, 75));
}
TEST(QuantizedL2Norm, FixedAsLiteRt) {
  LpNormAttrs attrs;
  attrs.axis = 1;
  const In x = quantized(Tensor::of<int8_t>({1, 5}, {3, -40, 55, 8, -9}), 0.02f, 3);
  EXPECT_THAT(run_one<int8_t>(OpKind::LpNorm, attrs, {x}, {DType::int8, {1, 5}, q(1.0f / 128, 0)}, kFixed),
              ElementsAre(0, -80, 97, 9, -22));
  const In u = quantized(Tensor::of<uint8_t>({1, 5}, {3, 40, 155, 8, 9}), 0.02f, 30);
  EXPECT_THAT(run_one<uint8_t>(OpKind::LpNorm, attrs, {u}, {DType::uint8, {1, 5}, q(1.0f / 128, 128)}, kFixed),
              ElementsAre(102, 138, 249, 107, 108));
}
TEST(QuantizedResize, LinearAsLiteRt) {
  ResizeAttrs attrs;
  attrs.mode = ResizeMode::linear;
  attrs.sizes = {1, 3, 3, 1};
  attrs.scales = {1, 1.5f, 1.5f, 1};
  const In x = quantized(Tensor::of<int8_t>({1, 2, 2, 1}, {-100, 50, 7, 90}), 0.1f, 0);
  EXPECT_THAT(run_one<int8_t>(OpKind::Resize, attrs, {x}, {DType::int8, {1, 3, 3, 1}, q(0.1f, 0)}, kFixed),
              ElementsAre(-100, -25, 50, -47, 12, 70, 7, 49, 90));
  attrs.coordinates = Coordinates::asymmetric;
  const In u = quantized(Tensor::of<uint8_t>({1, 2, 2, 1}, {100, 50, 7, 90}), 0.1f, 0);
  EXPECT_THAT(run_one<uint8_t>(OpKind::Resize, attrs, {u}, {DType::uint8, {1, 3, 3, 1}, q(0.1f, 0)}, kFixed),
              ElementsAre(100, 67, 50, 38, 64, 77, 7, 62, 90));
}
TEST(QuantizedResize, AGreatEnlargementStaysInside) {
  ResizeAttrs attrs;  // the integer step 3 = round(1024 * 5 / 2000) leads beyond the fifth element
  attrs.mode = ResizeMode::linear;
  attrs.coordinates = Coordinates::asymmetric;
  const In x = quantized(Tensor::of<int8_t>({1, 5, 1, 1}, {1, 2, 3, 4, 5}), 1.0f, 0);
  const auto y = run_one<int8_t>(OpKind::Resize, attrs, {x}, {DType::int8, {1, 2000, 1, 1}, q(1.0f, 0)}, kFixed);
  ASSERT_EQ(y.size(), 2000u);
  EXPECT_EQ(y.back(), 5);
}

TEST(QuantizedPool, FixedAverageRoundsRawSumsHalfAway) {
  PoolAttrs attrs;
  attrs.kernel = {1, 2};
  attrs.strides = {1, 2};
  const In x = quantized(Tensor::of<int8_t>({1, 1, 6, 1}, {2, 3, -2, -3, 3, 3}), 1.0f, 0);
  EXPECT_THAT(run_one<int8_t>(OpKind::AveragePool, attrs, {x}, {DType::int8, {1, 1, 3, 1}, q(1.0f, 0)}, kFixed),
              ElementsAre(3, -3, 3));
  EXPECT_THAT(run_one<int8_t>(OpKind::AveragePool, attrs, {x}, {DType::int8, {1, 1, 3, 1}, q(1.0f, 0)}, kFloat),
              ElementsAre(2, -2, 3));
}
TEST(QuantizedPool, PaddingCountsOnlyWhenAsked) {
  PoolAttrs attrs;
  attrs.kernel = {1, 2};
  attrs.pads = {0, 1, 0, 0};
  const In x = quantized(Tensor::of<uint8_t>({1, 1, 1, 1}, {30}), 1.0f, 10);
  const Out y{DType::uint8, {1, 1, 1, 1}, q(1.0f, 10)};
  EXPECT_THAT(run_one<uint8_t>(OpKind::AveragePool, attrs, {x}, y, kFixed), ElementsAre(30));
  attrs.count_include_pad = true;
  EXPECT_THAT(run_one<uint8_t>(OpKind::AveragePool, attrs, {x}, y, kFixed), ElementsAre(20));
  EXPECT_THAT(run_one<uint8_t>(OpKind::AveragePool, attrs, {x}, y, kFloat), ElementsAre(20));
}
TEST(QuantizedPool, MaximumIsRequantized) {
  PoolAttrs attrs;
  attrs.kernel = {1, 2};
  const In x = quantized(Tensor::of<int8_t>({1, 1, 2, 1}, {-6, 10}), 0.5f, 0);
  EXPECT_THAT(run_one<uint8_t>(OpKind::MaxPool, attrs, {x}, {DType::uint8, {1, 1, 1, 1}, q(1.0f, 100)}),
              ElementsAre(105));
}

TEST(QuantizedConcat, BringsInputsToTheOutputsGrid) {
  const In a = quantized(Tensor::of<uint8_t>({1, 2}, {10, 11}), 1.0f, 0);
  const In b = quantized(Tensor::of<uint8_t>({1, 2}, {5, 8}), 1.0f, 4);
  const Out y{DType::uint8, {1, 4}, q(2.0f, 1)};
  EXPECT_THAT(run_one<uint8_t>(OpKind::Concat, AxisAttrs{1}, {a, b}, y, kFloat), ElementsAre(6, 7, 1, 3));
  EXPECT_THAT(run_one<uint8_t>(OpKind::Concat, AxisAttrs{1}, {a, b}, y, kFixed), ElementsAre(6, 7, 2, 3));
}
TEST(ViaFloat, ComputesWhatHasNoIntegerKernel) {
  const In a = quantized(Tensor::of<int8_t>({3}, {6, 7, -9}), 1.0f, 0);
  const In b = quantized(Tensor::of<int8_t>({3}, {4, 4, 4}), 1.0f, 1);  // 3
  std::string row;
  auto y = run_kernel(OpKind::Div, ClampAttrs{}, {a, b}, {{DType::int8, {3}, q(0.5f, 0)}}, kFloat, &row);
  ASSERT_TRUE(y.ok());
  EXPECT_EQ(row, "via_float");
  EXPECT_THAT((*y)[0].data<int8_t>(), ElementsAre(4, 5, -6));
}
TEST(ViaFloat, TakesASumThatCouldLeaveInt32) {
  const int64_t taps = 40000;
  Tensor x = *Tensor::make(DType::uint8, {1, taps});
  Tensor w = *Tensor::make(DType::uint8, {1, taps});
  for (int64_t i = 0; i < taps; ++i) x.mutable_data<uint8_t>()[i] = w.mutable_data<uint8_t>()[i] = 255;
  const Out y{DType::uint8, {1, 1}, q(2e7f, 0)};
  std::string row;
  auto out = run_kernel(OpKind::FullyConnected, ClampAttrs{},
                        {quantized(x, 1.0f, 0), In::constant(quantized(w, 1.0f, 0))}, {y}, kFloat, &row);
  ASSERT_TRUE(out.ok());
  EXPECT_EQ(row, "via_float");
  EXPECT_THAT((*out)[0].data<uint8_t>(), ElementsAre(130));  // 40000 * 65025 / 2e7 = 130.05
}

TEST(Requantization, Uint8WeightsMultiplyTheirScalesInFloat32First) {
  OpCall call;
  call.kind = OpKind::Conv;
  call.arithmetic = Arithmetic::fixed_rule;
  const float s_x = 0.0235294122f, s_w = 0.0041235634f, s_y = 0.0478199f;
  call.inputs = {{DType::uint8, {1}, q(s_x, 0), nullptr, true}, {DType::uint8, {1}, q(s_w, 3), nullptr, true}};
  call.outputs = {{DType::uint8, {1}, q(s_y, 0), nullptr, true}};
  const Requantization by_tensor = product_requantization(call, {}, 1);
  EXPECT_EQ(by_tensor.multiplier[0], quantize_multiplier(double{s_x * s_w} / double{s_y}).multiplier);
  call.inputs[0].dtype = DType::int8;
  const Requantization by_channel = product_requantization(call, {}, 1);
  EXPECT_EQ(by_channel.multiplier[0], quantize_multiplier(double{s_x} * double{s_w} / double{s_y}).multiplier);
  EXPECT_NE(by_tensor.multiplier[0], by_channel.multiplier[0]);
}

}  // namespace
}  // namespace quern::test
