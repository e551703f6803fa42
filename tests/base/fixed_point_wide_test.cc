#include "base/fixed_point_wide.h"

#include <gtest/gtest.h>

#include <limits>

namespace quern {
namespace {

TEST(MultiplyWide, RoundsTiesTowardsPlusInfinity) {
  const FixedMultiplier half = quantize_multiplier(0.5);
  EXPECT_EQ(multiply_wide(1, half), 1);
  EXPECT_EQ(multiply_wide(-1, half), 0);
  EXPECT_EQ(multiply_wide(-3, half), -1);
}

TEST(MultiplyWide, CutsTheMultiplierTo16Bits) {
  // 0.3 is 19661 / 2^16 to sixteen bits, which is 0.3 + 6.1e-6.
  EXPECT_EQ(multiply_wide(int64_t{1} << 30, quantize_multiplier(0.3)), 19661 << 14);
}

TEST(MultiplyWide, KeepsTheGreatestMultiplierBelowOne) {
  EXPECT_EQ(multiply_wide(1 << 15, {0x7FFFFFFF, 0}), 0x7FFF);
}

TEST(MultiplyWide, TakesSumsOf47Bits) {
  const int64_t far = (int64_t{1} << 47) - 1;
  EXPECT_EQ(multiply_wide(far, {1 << 30, -16}), 1 << 30);
  EXPECT_EQ(multiply_wide(-far, {1 << 30, -16}), -(1 << 30));
}

TEST(MultiplyWide, SaturatesWhatLeavesInt32) {
  EXPECT_EQ(multiply_wide(int64_t{1} << 40, quantize_multiplier(0.5)), std::numeric_limits<int32_t>::max());
  EXPECT_LT(multiply_wide(-5, quantize_multiplier(1 << 29)), -2'000'000'000);
}

}  // namespace
}  // namespace quern
