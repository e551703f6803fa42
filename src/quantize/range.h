// From the range of a value to its scale and zero point.
#pragma once

#include <algorithm>
#include <string>

#include "quern/tensor.h"

namespace quern {

/// The least and greatest real number that stored values should reach.
struct Range {
  float low = 0;
  float high = 0;

  void include(const Range& other) {
    low = std::min(low, other.low);
    high = std::max(high, other.high);
  }
  float reach() const { return std::max(-low, high); }
  bool operator==(const Range&) const = default;
};

/// One scale and zero point for 8-bit or int16 values of `range`, which is first widened to hold 0: padding and clamps
/// at 0 must be exact. scale = (high - low) / 255 and zero point = rint(type's least - low / scale); symmetric: scale =
/// reach / 127 and the middle code. int16 is always symmetric, with scale = reach / 32767. A range without width gets
/// the scale that stores 1 in the last code.
Quantization activation_quantization(Range range, DType type, bool symmetric);

/// The real numbers of the first and the last code (of int16 from -32767 on).
Range represented(const Quantization& quantization, DType type);

}  // namespace quern
