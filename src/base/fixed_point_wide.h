// Integer requantization of 64-bit sums, as base/fixed_point.h has it for 32 bits (docs/quantization.md §9).
#pragma once

#include "base/fixed_point.h"

namespace quern {

/// value * m with m cut to 16 bits and one rounding (ties towards +infinity), as TFLite's convolutions of 16-bit
/// activations do. Requires |value| < 2^47; what leaves int32 saturates.
int32_t multiply_wide(int64_t value, FixedMultiplier m);

}  // namespace quern
