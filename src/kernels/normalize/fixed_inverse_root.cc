#include "kernels/normalize/fixed_inverse_root.h"

#include <algorithm>
#include <limits>

namespace quern {

namespace {

constexpr int32_t kMax = std::numeric_limits<int32_t>::max();

int32_t product(int32_t a, int32_t b) {
  return saturating_rounding_doubling_high_mul(a, b);
}

int32_t saturating_shift_left(int32_t value, int bits) {
  return static_cast<int32_t>(
      std::clamp<int64_t>(int64_t{value} * (int64_t{1} << bits), std::numeric_limits<int32_t>::min(), kMax));
}

}  // namespace

FixedMultiplier fixed_inverse_root(int32_t value) {
  if (value <= 1) return {kMax, 0};
  int right_shift = 11;
  for (; value >= (1 << 29); ++right_shift) value /= 4;
  // Moved by pairs of bits, so that the root moves by whole ones, until the value is in [1/4, 1) of 2^30.
  const int pairs = (__builtin_clz(static_cast<uint32_t>(value)) - 1) / 2 - 1;
  right_shift -= pairs;
  value <<= 2 * pairs;

  constexpr int32_t kOne = 1 << 28;  // three integer bits
  constexpr int32_t kOneAndHalf = (1 << 28) + (1 << 27);
  constexpr int32_t kHalfRootOfTwo = 1518500250;  // no integer bits
  const int32_t half = rounding_divide_by_power_of_two(value >> 1, 1);
  int32_t x = kOne;
  for (int step = 0; step < 5; ++step) {
    const int32_t cube = saturating_shift_left(product(product(x, x), x), 6);
    x = saturating_shift_left(product(kOneAndHalf, x) - product(half, cube), 3);
  }
  x = product(x, kHalfRootOfTwo);
  if (right_shift < 0) return {x << -right_shift, 0};
  return {x, -right_shift};
}

}  // namespace quern
