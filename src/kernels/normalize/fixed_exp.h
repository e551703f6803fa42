// Exponential and reciprocal in 32-bit fixed point, as gemmlowp defines them. A number with b integer bits is an int32
// in units of 2^(b - 31); products are saturating_rounding_doubling_high_mul. docs/quantization.md has the derivation.
#pragma once

#include <cstdint>

namespace quern {

/// exp(a) with no integer bits, for a <= 0 with 5 integer bits.
int32_t fixed_exp_of_negative(int32_t a);

/// 1 / (1 + a) with no integer bits, for a in [0, 1) with no integer bits.
int32_t fixed_reciprocal_of_one_plus(int32_t a);

}  // namespace quern
