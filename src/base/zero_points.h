// The zero points that a stored type can have.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "quern/tensor.h"

namespace quern {

struct ZeroPoints {
  int64_t low = 0;
  int64_t high = 0;
};

/// The zero points an integer type can hold; nothing for types that are never quantized. Quantization keeps them in 32
/// bits.
inline std::optional<ZeroPoints> zero_points_of(DType dtype) {
  constexpr int64_t kLow = std::numeric_limits<int32_t>::min();
  constexpr int64_t kHigh = std::numeric_limits<int32_t>::max();
  switch (dtype) {
    case DType::int8:
      return ZeroPoints{-128, 127};
    case DType::uint8:
      return ZeroPoints{0, 255};
    case DType::int16:
      return ZeroPoints{-32768, 32767};
    case DType::uint16:
      return ZeroPoints{0, 65535};
    case DType::int32:
    case DType::int64:
      return ZeroPoints{kLow, kHigh};
    case DType::uint32:
      return ZeroPoints{0, kHigh};
    default:
      return std::nullopt;
  }
}

}  // namespace quern
