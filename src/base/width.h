// How wide the integers of quantized values are: 8 bits (is_8bit, quern/tensor.h), or 16 where those are too few.
#pragma once

#include "quern/tensor.h"

namespace quern {

/// int16 or uint16.
inline bool is_16bit(DType type) {
  return type == DType::int16 || type == DType::uint16;
}

/// 8 or 16 bits: the types of quantized values other than a bias.
inline bool is_8_or_16bit(DType type) {
  return is_8bit(type) || is_16bit(type);
}

}  // namespace quern
