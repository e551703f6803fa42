// 1 / sqrt(n) of an integer, in fixed point.
#pragma once

#include <cstdint>

#include "base/fixed_point.h"

namespace quern {

/// The multiplier of 1 / sqrt(value) for value >= 0: five steps of Newton's method in 3 integer bits, as TFLite does.
FixedMultiplier fixed_inverse_root(int32_t value);

}  // namespace quern
