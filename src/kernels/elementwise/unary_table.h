// Unary operators of 8-bit values as what they are: a table.
#pragma once

#include <optional>

#include "kernels/requantize.h"

namespace quern {

/// The output's byte for each byte of the input; nothing when the call is no unary operator of 8-bit values.
std::optional<ByteTable> unary_table(const OpCall& call);

}  // namespace quern
