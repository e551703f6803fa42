// Whole arrays between stored integers and float32, by the scales of their operand.
#pragma once

#include "kernels/kernel.h"

namespace quern {

/// True for the integer types a quantized array may be stored in: 8 and 16 bits, and 32 and 64 for a bias.
bool is_stored_type(DType type);

/// real = (stored - z) * s for every element. Requires a stored type and a quantization.
void dequantize_elements(const Operand& operand, const void* stored, float* real);

/// stored = clamp(round(real / s) + z) for every element; the rule says how ties are rounded.
void quantize_elements(const Operand& operand, const float* real, void* stored, Arithmetic arithmetic);

}  // namespace quern
