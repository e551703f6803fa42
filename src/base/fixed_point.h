// Integer requantization: the two named rules of docs/quantization.md, as scalar functions that are the law for every
// kernel. `float`: multiply in float32, round half to even. `fixed`: a 31-bit multiplier and a shift, rounded as
// TFLite's reference kernels do (double rounding for convolutions, single rounding for fully connected).
#pragma once

#include <cstdint>

#include "quern/tensor.h"

namespace quern {

/// value = multiplier * 2^(shift - 31), multiplier in [2^30, 2^31) or 0.
struct FixedMultiplier {
  int32_t multiplier = 0;
  int shift = 0;
};

/// Normalizes a non-negative real multiplier: frexp, round half away from zero to 31 bits; below 2^-31 it is 0.
FixedMultiplier quantize_multiplier(double value);

/// Saturating rounding doubling high multiply: round(a * b / 2^31), the one overflow (min * min) saturates.
int32_t saturating_rounding_doubling_high_mul(int32_t a, int32_t b);
/// value / 2^exponent, rounded half away from zero; 0 <= exponent <= 31.
int32_t rounding_divide_by_power_of_two(int32_t value, int exponent);

/// value * m with two roundings, as gemmlowp and TFLite's reference convolutions do. Overflow of the left shift
/// saturates.
int32_t multiply_double_rounding(int32_t value, FixedMultiplier m);
/// value * m with one rounding (ties towards +infinity), as TFLite's fully connected kernels do.
int32_t multiply_single_rounding(int32_t value, FixedMultiplier m);

/// Half to even, independent of the floating-point environment; `value` must fit int32 after clamping by the caller.
int32_t round_half_even(float value);
/// Half away from zero.
int32_t round_half_away(double value);

}  // namespace quern
