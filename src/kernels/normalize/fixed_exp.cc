#include "kernels/normalize/fixed_exp.h"

#include <algorithm>
#include <limits>

#include "base/fixed_point.h"

namespace quern {

namespace {

constexpr int32_t kOne = std::numeric_limits<int32_t>::max();  // 1 with no integer bits, as near as it goes

int32_t product(int32_t a, int32_t b) {
  return saturating_rounding_doubling_high_mul(a, b);
}

int32_t saturating_shift_left(int32_t value, int bits) {
  return static_cast<int32_t>(
      std::clamp<int64_t>(int64_t{value} * (int64_t{1} << bits), std::numeric_limits<int32_t>::min(), kOne));
}

/// exp(a) for a in [-1/4, 0): Taylor's series to the fourth power around -1/8.
int32_t exp_near_zero(int32_t a) {
  constexpr int32_t kExpOfMinusEighth = 1895147668;
  constexpr int32_t kThird = 715827883;
  const int32_t x = a + (1 << 28);
  const int32_t x2 = product(x, x);
  const int32_t x3 = product(x2, x);
  const int32_t x4 = product(x2, x2);
  const int32_t high = product(rounding_divide_by_power_of_two(x4, 2) + x3, kThird) + x2;
  return kExpOfMinusEighth + product(kExpOfMinusEighth, x + rounding_divide_by_power_of_two(high, 1));
}

}  // namespace

int32_t fixed_exp_of_negative(int32_t a) {
  constexpr int kFractionBits = 26;
  constexpr int32_t kQuarter = 1 << (kFractionBits - 2);
  // exp(-2^(i - 2)) for the bits of the distance from -1/4, lowest first.
  constexpr int32_t kFactors[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
  if (a == 0) return kOne;
  const int32_t near = (a & (kQuarter - 1)) - kQuarter;
  int32_t result = exp_near_zero(saturating_shift_left(near, 5));
  const int32_t distance = near - a;
  for (int i = 0; i < 7; ++i) {
    if ((distance & (1 << (kFractionBits - 2 + i))) != 0) result = product(result, kFactors[i]);
  }
  return result;
}

int32_t fixed_reciprocal_of_one_plus(int32_t a) {
  constexpr int32_t k48Over17 = 1515870810;        // two integer bits, as all of x
  constexpr int32_t kMinus32Over17 = -1010580540;  // Newton's best linear start for 1/d, d in [1/2, 1]
  constexpr int32_t kOneWithTwoBits = 1 << 29;
  const auto half = static_cast<int32_t>((int64_t{a} + kOne + 1) / 2);
  int32_t x = k48Over17 + product(half, kMinus32Over17);
  for (int step = 0; step < 3; ++step) {
    x += saturating_shift_left(product(x, kOneWithTwoBits - product(half, x)), 2);
  }
  return saturating_shift_left(x, 1);
}

}  // namespace quern
