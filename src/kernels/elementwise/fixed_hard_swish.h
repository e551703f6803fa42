// HardSwish of 8-bit values in 16-bit fixed point, the `fixed` rule.
#pragma once

#include <optional>

#include "kernels/requantize.h"

namespace quern {

/// The table; nothing when the scales are outside what the scheme can hold (s_x / 128 > s_y).
std::optional<ByteTable> fixed_hard_swish_table(const Operand& x, const Operand& y);

}  // namespace quern
