// Operators with 16-bit operands. The vectors named "as LiteRT" were given by LiteRT 2.3's reference kernels on
// one-operator models.
#include <gmock/gmock.h>

#include <numeric>

#include "kernels/run_kernel.h"

namespace quern::test {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

constexpr How kFloat{};
constexpr How kFixed{Isa::reference, 1, Arithmetic::fixed_rule};

Quantization q(float scale, int32_t zero_point = 0) {
  return {{scale}, {zero_point}, 0};
}

const std::vector<int16_t> kSome = {1, 2, 3, 5, -1, -3, -5, 32767, -32767, 12345};
const std::vector<int16_t> kOthers = {100, -7, 3, 20000, -32767, 32767, 1, 9, -9, 500};

In row_of(const std::vector<int16_t>& values, float scale, const Shape& shape) {
  Tensor tensor = *Tensor::make(DType::int16, shape);
  std::copy(values.begin(), values.end(), tensor.mutable_data<int16_t>().begin());
  return quantized(tensor, scale, 0);
}

std::vector<int16_t> conv(int8_t weight, float w_scale, float x_scale, float y_scale, const In& bias, const How& how) {
  const In w = In::constant(quantized(Tensor::of<int8_t>({1, 1, 1, 1}, {weight}), w_scale, 0));
  const Out y{DType::int16, {1, 1, 10, 1}, q(y_scale)};
  return run_one<int16_t>(OpKind::Conv, ConvAttrs{}, {row_of(kSome, x_scale, {1, 1, 10, 1}), w, bias}, y, how);
}

TEST(WideConv, FixedCutsTheMultiplierAsLiteRt) {
  const In none = In::constant(Tensor::of<int64_t>({1}, {0}));
  EXPECT_THAT(conv(1, 0.5f, 0.5f, 0.5f, none, kFixed), ElementsAre(1, 1, 2, 3, 0, -1, -2, 16384, -16383, 6173));
  const In some = In::constant(Tensor::of<int64_t>({1}, {12345}));
  EXPECT_THAT(conv(77, 0.0123f, 0.0007f, 0.0011f, some, kFixed),
              ElementsAre(97, 98, 98, 100, 96, 95, 94, 19845, -19652, 7537));
}

TEST(WideConv, FloatRoundsTiesToEven) {
  const In none = In::constant(Tensor::of<int64_t>({1}, {0}));
  EXPECT_THAT(conv(1, 0.5f, 0.5f, 0.5f, none, kFloat), ElementsAre(0, 1, 2, 2, 0, -2, -2, 16384, -16384, 6172));
}

TEST(WideConv, TheBiasMayHave32BitsOr64) {
  const In narrow = In::constant(Tensor::of<int32_t>({1}, {12345})),
           wide = In::constant(Tensor::of<int64_t>({1}, {12345}));
  for (const How& how : {kFloat, kFixed}) {
    EXPECT_EQ(conv(77, 0.0123f, 0.0007f, 0.0011f, narrow, how), conv(77, 0.0123f, 0.0007f, 0.0011f, wide, how));
  }
}

TEST(WideConv, SumsBeyond32Bits) {
  // 1000 taps of 32767 * 127 are 4.2e9.
  const int64_t depth = 1000;
  Tensor x = *Tensor::make(DType::int16, {1, 1, 1, depth}), w = *Tensor::make(DType::int8, {1, 1, 1, depth});
  std::ranges::fill(x.mutable_data<int16_t>(), int16_t{32767});
  std::ranges::fill(w.mutable_data<int8_t>(), int8_t{127});
  const float y_scale = 32767.0f * 127 * static_cast<float>(depth) / 20000;
  for (const How& how : {kFloat, kFixed}) {
    std::string row;
    const auto y = run_kernel(OpKind::Conv, ConvAttrs{}, {quantized(x, 1, 0), In::constant(quantized(w, 1, 0))},
                              {{DType::int16, {1, 1, 1, 1}, q(y_scale)}}, how, &row);
    ASSERT_TRUE(y.ok());
    EXPECT_EQ(row, "conv_quantized_reference");
    EXPECT_THAT(y->front().data<int16_t>(), ElementsAre(20000));
  }
}

TEST(WideConv, WidthsMayChangeAtIt) {
  const In x8 = quantized(Tensor::of<int8_t>({1, 1, 3, 1}, {-128, 5, 127}), 0.5f, 5);
  const In x16 = quantized(Tensor::of<int16_t>({1, 1, 3, 1}, {-266, 0, 244}), 0.25f, 0);
  const In w = In::constant(quantized(Tensor::of<int8_t>({1, 1, 1, 1}, {3}), 0.5f, 0));
  for (const How& how : {kFloat, kFixed}) {
    EXPECT_THAT(run_one<int16_t>(OpKind::Conv, ConvAttrs{}, {x8, w}, {DType::int16, {1, 1, 3, 1}, q(0.25f)}, how),
                ElementsAre(-399, 0, 366));
    EXPECT_THAT(run_one<int8_t>(OpKind::Conv, ConvAttrs{}, {x16, w}, {DType::int8, {1, 1, 3, 1}, q(1.0f, -1)}, how),
                ElementsAre(-101, -1, 91));  // -99.75 and 91.5
    EXPECT_THAT(run_one<float>(OpKind::Conv, ConvAttrs{}, {x16, w}, {DType::float32, {1, 1, 3, 1}}, how),
                ElementsAre(-99.75f, 0, 91.5f));
  }
}

TEST(WideConv, ZeroPointsOfUint16AreTakenOff) {
  ConvAttrs attrs;
  attrs.pads = {0, 1, 0, 1};
  const In x = quantized(Tensor::of<uint16_t>({1, 1, 2, 1}, {60002, 60003}), 1.0f, 60000);
  const In w = In::constant(quantized(Tensor::of<int8_t>({1, 1, 3, 1}, {1, 2, 4}), 1.0f, 0));
  const Out y{DType::uint16, {1, 1, 2, 1}, q(1.0f, 100)};
  EXPECT_THAT(run_one<uint16_t>(OpKind::Conv, attrs, {x, w}, y, kFloat), ElementsAre(100 + 4 + 12, 100 + 2 + 6));
}

TEST(WideConv, DepthwiseAndGroups) {
  ConvAttrs attrs;
  attrs.groups = 2;
  const In x = quantized(Tensor::of<int16_t>({1, 1, 1, 2}, {1000, -2000}), 1.0f, 0);
  const In w = In::constant(quantized(Tensor::of<int8_t>({4, 1, 1, 1}, {1, 2, 3, -4}), 1.0f, 0));
  EXPECT_THAT(run_one<int16_t>(OpKind::Conv, attrs, {x, w}, {DType::int16, {1, 1, 1, 4}, q(1.0f)}),
              ElementsAre(1000, 2000, -6000, 8000));
}

TEST(WideFullyConnected, FixedRoundsHalfAwayAsLiteRt) {
  const In w = In::constant(quantized(Tensor::of<int8_t>({1, 1}, {1}), 0.5f, 0));
  EXPECT_THAT(run_one<int16_t>(OpKind::FullyConnected, ClampAttrs{}, {row_of(kSome, 0.5f, {10, 1}), w},
                               {DType::int16, {10, 1}, q(0.5f)}, kFixed),
              ElementsAre(1, 1, 2, 3, -1, -2, -3, 16384, -16384, 6173));
}

TEST(WideMatMul, BothOperandsMayBeWide) {
  const In a = quantized(Tensor::of<int16_t>({1, 2}, {30000, -30000}), 1.0f, 0);
  const In b = quantized(Tensor::of<int16_t>({2, 1}, {30000, -30000}), 1.0f, 0);
  const Out y{DType::int16, {1, 1}, q(100000.0f)};
  for (const How& how : {kFloat, kFixed}) {
    EXPECT_THAT(run_one<int16_t>(OpKind::MatMul, MatMulAttrs{}, {a, b}, y, how), ElementsAre(18000));
  }
}

std::vector<int16_t> binary(OpKind kind, float y_scale, const How& how) {
  const Shape shape{1, 10};
  return run_one<int16_t>(kind, ClampAttrs{}, {row_of(kSome, 0.0007f, shape), row_of(kOthers, 0.00031f, shape)},
                          {DType::int16, shape, q(y_scale)}, how);
}

TEST(WideBinary, FixedAsLiteRt) {
  EXPECT_THAT(binary(OpKind::Add, 0.0009f, kFixed),
              ElementsAre(35, -1, 3, 6893, -11287, 11284, -4, 25489, -25489, 9774));
  EXPECT_THAT(binary(OpKind::Sub, 0.0009f, kFixed),
              ElementsAre(-34, 4, 1, -6885, 11286, -11289, -4, 25482, -25482, 9429));
  EXPECT_THAT(binary(OpKind::Mul, 0.005f, kFixed), ElementsAre(0, 0, 0, 4, 1, -4, 0, 13, 13, 268));
}

TEST(WideBinary, FloatIsTheFloatOperatorBetweenConversions) {
  std::vector<int16_t> sums;
  for (size_t i = 0; i < kSome.size(); ++i) {
    const float real = static_cast<float>(kSome[i]) * 0.0007f + static_cast<float>(kOthers[i]) * 0.00031f;
    sums.push_back(static_cast<int16_t>(std::nearbyint(real / 0.0009f)));
  }
  EXPECT_THAT(binary(OpKind::Add, 0.0009f, kFloat), ElementsAreArray(sums));
}

TEST(WideBinary, WidthsMayDiffer) {
  const In a = quantized(Tensor::of<int8_t>({2}, {-100, 100}), 1.0f, 0);
  const In b = quantized(Tensor::of<int16_t>({2}, {-20000, 20000}), 0.01f, 0);
  for (const How& how : {kFloat, kFixed}) {
    EXPECT_THAT(run_one<int16_t>(OpKind::Add, ClampAttrs{}, {a, b}, {DType::int16, {2}, q(0.01f)}, how),
                ElementsAre(-30000, 30000));
    EXPECT_THAT(run_one<int8_t>(OpKind::Max, NoAttrs{}, {a, b}, {DType::int8, {2}, q(4.0f, 1)}, how),
                ElementsAre(-24, 51));
  }
}

TEST(WideUnary, LeakyReluFixedAsLiteRt) {
  UnaryAttrs attrs;
  attrs.alpha = static_cast<double>(0.1f);
  EXPECT_THAT(run_one<int16_t>(OpKind::LeakyRelu, attrs, {row_of(kSome, 0.0007f, {1, 10})},
                               {DType::int16, {1, 10}, q(0.0003f)}, kFixed),
              ElementsAre(2, 5, 7, 12, 0, -1, -1, 32767, -7646, 28805));
}

TEST(WideUnary, BoundsOfReluAndClip) {
  const In x = quantized(Tensor::of<int16_t>({3}, {-500, 100, 700}), 0.01f, 0);
  const Out y{DType::int16, {3}, q(0.01f)};
  UnaryAttrs six;
  six.beta = 6;
  for (const How& how : {kFloat, kFixed}) {
    EXPECT_THAT(run_one<int16_t>(OpKind::Relu, UnaryAttrs{}, {x}, y, how), ElementsAre(0, 100, 700));
    EXPECT_THAT(run_one<int16_t>(OpKind::Clip, six, {x}, y, how), ElementsAre(0, 100, 600));
  }
}

TEST(WideQuantize, FixedBetweenWidthsAsLiteRt) {
  EXPECT_THAT(run_one<int8_t>(OpKind::Quantize, NoAttrs{}, {row_of(kSome, 0.0007f, {1, 10})},
                              {DType::int8, {1, 10}, q(0.15f, -3)}, kFixed),
              ElementsAre(-3, -3, -3, -3, -3, -3, -3, 127, -128, 55));
  const In x = quantized(Tensor::of<int8_t>({10}, {-128, -100, -4, -3, -2, 0, 1, 50, 99, 127}), 0.05f, -3);
  EXPECT_THAT(run_one<int16_t>(OpKind::Quantize, NoAttrs{}, {x}, {DType::int16, {10}, q(0.00021f)}, kFixed),
              ElementsAre(-29762, -23095, -238, 0, 238, 714, 952, 12619, 24286, 30952));
}

TEST(WideReduce, MeanFixedAsLiteRt) {
  ReduceAttrs attrs;
  attrs.axes = {1};
  attrs.keep_dims = false;
  EXPECT_THAT(run_one<int16_t>(OpKind::ReduceMean, attrs, {row_of(kSome, 0.0007f, {1, 10})},
                               {DType::int16, {1}, q(0.0004f)}, kFixed),
              ElementsAre(2161));
}

TEST(WidePool, AverageFixedAsLiteRt) {
  PoolAttrs attrs;
  attrs.kernel = {1, 2};
  attrs.strides = {1, 2};
  const In x = row_of(kSome, 0.0007f, {1, 1, 10, 1});
  const Out y{DType::int16, {1, 1, 5, 1}, q(0.0007f)};
  EXPECT_THAT(run_one<int16_t>(OpKind::AveragePool, attrs, {x}, y, kFixed), ElementsAre(2, 4, -2, 16381, -10211));
}

TEST(WidePool, GreatestOfCodes) {
  PoolAttrs attrs;
  attrs.kernel = {1, 2};
  attrs.strides = {1, 2};
  const In x = row_of(kSome, 0.5f, {1, 1, 10, 1});
  for (const How& how : {kFloat, kFixed}) {
    EXPECT_THAT(run_one<int16_t>(OpKind::MaxPool, attrs, {x}, {DType::int16, {1, 1, 5, 1}, q(0.5f)}, how),
                ElementsAre(2, 5, -1, 32767, 12345));
    EXPECT_THAT(run_one<int8_t>(OpKind::MaxPool, attrs, {x}, {DType::int8, {1, 1, 5, 1}, q(256.0f, 0)}, how),
                ElementsAre(0, 0, 0, 64, 24));
  }
}

}  // namespace
}  // namespace quern::test
