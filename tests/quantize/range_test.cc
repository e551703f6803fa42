#include "quantize/range.h"

#include <gtest/gtest.h>

namespace quern {
namespace {

float real(const Quantization& q, int32_t code) {
  return static_cast<float>(code - q.zero_points[0]) * q.scales[0];
}

TEST(ActivationQuantization, StoresZeroExactlyAndReachesBothEnds) {
  const Quantization q = activation_quantization({-1, 3}, DType::int8, false);
  EXPECT_GE(q.zero_points[0], -128);
  EXPECT_LE(q.zero_points[0], 127);
  EXPECT_NEAR(real(q, -128), -1, q.scales[0]);
  EXPECT_NEAR(real(q, 127), 3, q.scales[0]);
}

TEST(ActivationQuantization, SpendsAllCodesOnPositiveNumbersWhenThereAreNoOthers) {
  EXPECT_EQ(activation_quantization({0, 2.55F}, DType::int8, false).zero_points[0], -128);
  EXPECT_EQ(activation_quantization({0, 2.55F}, DType::uint8, false).zero_points[0], 0);
  EXPECT_EQ(activation_quantization({0.5F, 2.55F}, DType::uint8, false).zero_points[0], 0);
}

TEST(ActivationQuantization, SymmetricPutsZeroInTheMiddle) {
  const Quantization q = activation_quantization({-1, 3}, DType::uint8, true);
  EXPECT_EQ(q.zero_points[0], 128);
  EXPECT_FLOAT_EQ(q.scales[0], 3.0F / 127);
}

TEST(ActivationQuantization, Of16BitsIsSymmetric) {
  const Quantization q = activation_quantization({-1, 3}, DType::int16, false);
  EXPECT_EQ(q.zero_points[0], 0);
  EXPECT_FLOAT_EQ(q.scales[0], 3.0F / 32767);
  EXPECT_GT(activation_quantization({0, 0}, DType::int16, false).scales[0], 0);
}

TEST(ActivationQuantization, GivesAFiniteScaleToAValueThatIsAlwaysZero) {
  const Quantization q = activation_quantization({0, 0}, DType::int8, false);
  EXPECT_GT(q.scales[0], 0);
  EXPECT_EQ(real(q, -128), 0);
}

TEST(Represented, IsTheRangeOfTheCodes) {
  const Range range = represented({{0.5F}, {-128}, 0}, DType::int8);
  EXPECT_EQ(range, (Range{0, 127.5F}));
}

}  // namespace
}  // namespace quern
