// Add and Sub of two 8-bit values: both are brought to a common grid, added, and requantized.
#pragma once

#include <array>

#include "kernels/requantize.h"

namespace quern {

/// The prepared operator. What each operand adds is a table by its byte: under `float` the float32 product
/// (q - z) * (s / s_y), under `fixed` the shifted and rescaled integer. Sub has its second table negated.
class QuantizedSum {
 public:
  /// Requires an Add or Sub whose operands are all quantized 8-bit.
  explicit QuantizedSum(const OpCall& call);

  uint8_t operator()(uint8_t a, uint8_t b) const {
    const StoredBounds bounds{output_.out_min, output_.out_max};
    if (output_.rounding == Rounding::float_even) {
      return to_byte(place(round_half_even(a_real_[a] + b_real_[b]), output_.zero_point, bounds));
    }
    return to_byte(output_.store(a_fixed_[a] + b_fixed_[b], 0));
  }

  const std::array<float, 256>& a_real() const { return a_real_; }
  const std::array<float, 256>& b_real() const { return b_real_; }
  const std::array<int32_t, 256>& a_fixed() const { return a_fixed_; }
  const std::array<int32_t, 256>& b_fixed() const { return b_fixed_; }
  /// Zero point, bounds, and under `fixed` the factor of the sum.
  const Requantization& output() const { return output_; }

 private:
  std::array<float, 256> a_real_{}, b_real_{};
  std::array<int32_t, 256> a_fixed_{}, b_fixed_{};
  Requantization output_;
};

}  // namespace quern
