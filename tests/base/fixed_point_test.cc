#include "base/fixed_point.h"

#include <gtest/gtest.h>

#include <limits>

namespace quern {
namespace {

TEST(FixedPoint, MultiplierIsNormalized) {
  const FixedMultiplier half = quantize_multiplier(0.5);
  EXPECT_EQ(half.multiplier, 1 << 30);
  EXPECT_EQ(half.shift, 0);
  EXPECT_EQ(quantize_multiplier(0).multiplier, 0);
  EXPECT_EQ(quantize_multiplier(1e-12).multiplier, 0);
}

TEST(FixedPoint, RoundingRulesDifferAtNegativeTies) {
  const FixedMultiplier half = quantize_multiplier(0.5);
  // -1 * 0.5: the first rounding of the double rule goes up to 0 or down to -1, the single rule goes to +infinity.
  EXPECT_EQ(multiply_single_rounding(-1, half), 0);
  EXPECT_EQ(multiply_single_rounding(-3, half), -1);
  EXPECT_EQ(multiply_double_rounding(3, half), 2);
}

TEST(FixedPoint, DivideByPowerOfTwoRoundsHalfAway) {
  EXPECT_EQ(rounding_divide_by_power_of_two(5, 1), 3);
  EXPECT_EQ(rounding_divide_by_power_of_two(-5, 1), -3);
  EXPECT_EQ(rounding_divide_by_power_of_two(6, 2), 2);
  EXPECT_EQ(rounding_divide_by_power_of_two(7, 0), 7);
}

TEST(FixedPoint, OnlyOverflowSaturates) {
  constexpr int32_t kMin = std::numeric_limits<int32_t>::min();
  EXPECT_EQ(saturating_rounding_doubling_high_mul(kMin, kMin), std::numeric_limits<int32_t>::max());
}

TEST(FixedPoint, HalfToEven) {
  EXPECT_EQ(round_half_even(0.5f), 0);
  EXPECT_EQ(round_half_even(1.5f), 2);
  EXPECT_EQ(round_half_even(-0.5f), 0);
  EXPECT_EQ(round_half_even(-1.5f), -2);
  EXPECT_EQ(round_half_even(2.49f), 2);
  EXPECT_EQ(round_half_away(-0.5), -1);
}

}  // namespace
}  // namespace quern
