#include "base/fixed_point.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace quern {

namespace {
constexpr int32_t kMax = std::numeric_limits<int32_t>::max();
constexpr int32_t kMin = std::numeric_limits<int32_t>::min();
}  // namespace

FixedMultiplier quantize_multiplier(double value) {
  if (!(value > 0)) return {};
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);
  auto mantissa = static_cast<int64_t>(std::round(fraction * static_cast<double>(int64_t{1} << 31)));
  if (mantissa == (int64_t{1} << 31)) {
    mantissa /= 2;
    ++exponent;
  }
  if (exponent < -31) return {};
  if (exponent > 30) return {kMax, 30};
  return {static_cast<int32_t>(mantissa), exponent};
}

int32_t saturating_rounding_doubling_high_mul(int32_t a, int32_t b) {
  if (a == kMin && b == kMin) return kMax;
  const int64_t product = int64_t{a} * b;
  const int64_t nudge = product >= 0 ? (int64_t{1} << 30) : (1 - (int64_t{1} << 30));
  return static_cast<int32_t>((product + nudge) / (int64_t{1} << 31));
}

int32_t rounding_divide_by_power_of_two(int32_t value, int exponent) {
  const auto mask = static_cast<int32_t>((int64_t{1} << exponent) - 1);
  const int32_t remainder = value & mask;
  const int32_t threshold = (mask >> 1) + (value < 0 ? 1 : 0);
  return (exponent == 31 ? (value < 0 ? -1 : 0) : (value >> exponent)) + (remainder > threshold ? 1 : 0);
}

int32_t multiply_double_rounding(int32_t value, FixedMultiplier m) {
  const int left = std::max(m.shift, 0);
  const int right = std::max(-m.shift, 0);
  const int64_t shifted = std::clamp<int64_t>(int64_t{value} * (int64_t{1} << left), kMin, kMax);
  return rounding_divide_by_power_of_two(
      saturating_rounding_doubling_high_mul(static_cast<int32_t>(shifted), m.multiplier), right);
}

int32_t multiply_single_rounding(int32_t value, FixedMultiplier m) {
  const int total = 31 - m.shift;  // 1…62
  const int64_t product = int64_t{value} * m.multiplier;
  const int64_t rounded = (product + (int64_t{1} << (total - 1))) >> total;
  return static_cast<int32_t>(std::clamp<int64_t>(rounded, kMin, kMax));
}

int32_t round_half_even(float value) {
  const double wide = value;
  const double floor = std::floor(wide);
  const double fraction = wide - floor;
  auto whole = static_cast<int64_t>(floor);
  if (fraction > 0.5 || (fraction == 0.5 && (whole & 1) != 0)) ++whole;
  return static_cast<int32_t>(std::clamp<int64_t>(whole, kMin, kMax));
}

int32_t round_half_away(double value) {
  return static_cast<int32_t>(std::clamp(std::round(value), static_cast<double>(kMin), static_cast<double>(kMax)));
}

}  // namespace quern
