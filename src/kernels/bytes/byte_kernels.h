// Kernels of operators that look bytes up or move them.
#pragma once

#include <memory>

#include "kernels/bytes/bytes.h"
#include "kernels/kernel.h"

namespace quern {

// Each is nullptr when the call is of another kind.

/// Unary operators and Quantize from 8 bits to 8.
std::unique_ptr<Kernel> make_byte_map(const OpCall& call, MapBytes map);
/// Concat of 8-bit values, each brought to the output's grid, or of any elements as they are.
std::unique_ptr<Kernel> make_byte_concat(const OpCall& call, MapBytes map);
/// Split.
std::unique_ptr<Kernel> make_byte_split(const OpCall& call, MapBytes map);
/// Transpose of bytes whose innermost axis moves.
std::unique_ptr<Kernel> make_byte_transpose(const OpCall& call, TransposeBytes transpose);

}  // namespace quern
