// Operands as lanes take them.
#pragma once

#include "kernels/lanes/lanes.h"
#include "kernels/requantize.h"

namespace quern {

/// The bytes of an 8-bit operand, `scale` being its own or another factor.
inline Bytes bytes_of(const Operand& operand, const void* data, float scale) {
  return {static_cast<const uint8_t*>(data), operand.dtype == DType::int8, zero_point_of(operand), scale};
}
/// The place of an 8-bit output.
inline ByteTarget target_of(const Operand& operand, const StoredBounds& bounds, void* data) {
  return {static_cast<uint8_t*>(data), zero_point_of(operand), bounds.low, bounds.high};
}

}  // namespace quern
