// The last step of every integer operator: an integer sum becomes a stored 8- or 16-bit value. The two rules and the
// formulas are derived in docs/quantization.md; the scalar functions here are the law that vector kernels are tested
// against.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "base/fixed_point_wide.h"
#include "base/width.h"
#include "graph/op.h"
#include "kernels/kernel.h"

namespace quern {

/// How the product of an accumulator and a real scale is rounded.
enum class Rounding : uint8_t {
  float_even,    ///< rule `float`: one float32 product, half to even
  fixed_double,  ///< rule `fixed`: 31-bit multiplier, rounded twice (half away from zero)
  fixed_single,  ///< rule `fixed` of fully connected operators: rounded once (half towards +infinity)
  real,          ///< not rounded to an integer: the output is float32 (a product of stored values read in float)
  fixed_wide,    ///< rule `fixed` of 64-bit sums: 16-bit multiplier, rounded once (half towards +infinity)
  fixed_away,    ///< the same of fully connected operators: one product in double, half away from zero
};

/// The least and the greatest stored value an output may take: its type's range, narrowed by a fused activation.
struct StoredBounds {
  int32_t low = 0;
  int32_t high = 0;
};

/// A prepared requantization. `scale`, or `multiplier` and `shift`, have one entry for every channel, whether the
/// weights are quantized per channel or not, so that a vector kernel can load them; the arrays of the other rule are
/// empty.
struct Requantization {
  Rounding rounding = Rounding::float_even;
  std::vector<float> scale;
  std::vector<double> factor;  ///< of `fixed_away`
  std::vector<int32_t> multiplier;
  std::vector<int32_t> shift;  ///< the real factor is multiplier * 2^(shift - 31)
  int32_t zero_point = 0;
  int32_t out_min = 0;  ///< bounds on the stored value, zero point included
  int32_t out_max = 0;
  Clamp clamp;  ///< bounds on the result of `real`

  /// Every scale is below 1, so that a scaled sum stays in int32.
  bool shrinks() const {
    return std::all_of(scale.begin(), scale.end(), [](float s) { return s < 1.0f; });
  }
  /// The stored value of an accumulator of one channel.
  int32_t store(int32_t accumulator, int64_t channel) const;
  /// The same of a 64-bit accumulator; the double rounding, which takes 32 bits, saturates it first.
  int32_t store_wide(int64_t accumulator, int64_t channel) const;
  /// The real number of one, where rounding is `real`.
  template <typename Sum>
  float to_real(Sum accumulator, int64_t channel) const {
    const float value = static_cast<float>(accumulator) * scale[static_cast<size_t>(channel)];
    return std::min(clamp.high, std::max(clamp.low, value));
  }
};

/// A stored value that is already rounded, moved by its zero point and held in bounds without overflow.
inline int32_t place(int32_t rounded, int32_t zero_point, StoredBounds bounds) {
  return static_cast<int32_t>(std::clamp<int64_t>(int64_t{rounded} + zero_point, bounds.low, bounds.high));
}

inline int32_t Requantization::store(int32_t accumulator, int64_t channel) const {
  const auto c = static_cast<size_t>(channel);
  const StoredBounds bounds{out_min, out_max};
  switch (rounding) {
    case Rounding::float_even:
      return place(round_half_even(static_cast<float>(accumulator) * scale[c]), zero_point, bounds);
    case Rounding::fixed_double:
      return place(multiply_double_rounding(accumulator, {multiplier[c], shift[c]}), zero_point, bounds);
    case Rounding::fixed_single:
      return place(multiply_single_rounding(accumulator, {multiplier[c], shift[c]}), zero_point, bounds);
    case Rounding::fixed_wide:
      return place(multiply_wide(accumulator, {multiplier[c], shift[c]}), zero_point, bounds);
    case Rounding::fixed_away:
      return place(round_half_away(static_cast<double>(accumulator) * factor[c]), zero_point, bounds);
    case Rounding::real:
      break;  // to_real
  }
  return 0;
}

/// The range of a stored integer type.
StoredBounds stored_range(DType type);
/// The range of a quantized operand under a fused activation; the bounds are rounded by the rule.
StoredBounds stored_bounds(const Operand& output, const Clamp& clamp, Arithmetic arithmetic);

/// For Conv, ConvTranspose, FullyConnected and MatMul: the scale of channel c is s_x * s_w[c] / s_y.
/// Requires quantized inputs 0 and 1, weights per tensor or per axis 0 with `channels` scales, and an output that
/// is quantized, or real: then the scale is s_x * s_w[c].
Requantization product_requantization(const OpCall& call, const Clamp& clamp, int64_t channels);
/// One factor for every element, rounded twice under `fixed`: Mul, ReduceMean and the like.
Requantization scalar_requantization(double factor, const Operand& output, const Clamp& clamp, Arithmetic arithmetic);

/// The mean of `count` values whose centred sum (sum of q - z_x) is requantized: 1 / count is part of the factor.
Requantization mean_requantization(float s_in, int64_t count, const Operand& output, const Clamp& clamp,
                                   Arithmetic arithmetic);
/// The most values a mean or a sum may have: so many distances of 255, or of 65535, fit int32.
inline int64_t max_mean_count(const Operand& operand) {
  return (int64_t{1} << 31) / (is_8bit(operand.dtype) ? 255 : 65535) - 1;
}

/// True when an operand is int8 or uint8, quantized, and has one scale.
bool is_quantized_8bit(const Operand& operand);
/// True when an operand has 8 or 16 bits, is quantized, and has one scale.
bool is_quantized(const Operand& operand);
/// True when a quantized operand of the call, weights included, has 16 bits.
bool is_wide(const OpCall& call);
/// True when an operand is float32 and not quantized.
bool is_real(const Operand& operand);
/// True when a sum of `taps` products (x - z_x) * (w - z_w) plus the bias (input 2) cannot leave int32, or 48 bits when
/// input 0 or 1 has 16 bits. Kernels decline an operator for which this is false, and it is computed in float.
bool fits_accumulator(const OpCall& call, int64_t taps);
/// Conv, ConvTranspose, FullyConnected and MatMul: input 0 quantized, the output too or real, weights of 8 bits (of 16
/// in a MatMul) in one scale or one a slice of `channel_axis`, the bias on the grid, and sums of `taps` products that
/// fit.
bool is_integer_product(const OpCall& call, int channel_axis, int64_t taps);
/// True when the sums of a product take 64 bits: input 0 or 1 has 16.
bool sums_are_wide(const OpCall& call);
/// True when the bias (input 2) is absent, or int32 (int64 too, where sums are wide) on the grid s_x * s_w.
bool bias_is_on_grid(const OpCall& call);
/// The zero point of channel c.
inline int32_t zero_point_of(const Operand& operand, int64_t c) {
  const auto& z = operand.quantization.zero_points;
  return z.empty() ? 0 : z[z.size() > 1 ? static_cast<size_t>(c) : 0];
}
inline int32_t zero_point_of(const Operand& operand) {
  return zero_point_of(operand, 0);
}
inline float scale_of(const Operand& operand) {
  return operand.quantization.scales[0];
}

/// The byte of a stored value of int8 or uint8.
inline uint8_t to_byte(int32_t stored) {
  return static_cast<uint8_t>(stored);
}
/// An accumulator as an element of the output: a code of its width, or a float where rounding is `real`.
template <typename Y, typename Sum>
Y stored_as(const Requantization& requantization, Sum accumulator, int64_t channel) {
  if constexpr (std::is_same_v<Y, float>) {
    return requantization.to_real(accumulator, channel);
  } else if constexpr (std::is_same_v<Sum, int64_t>) {
    return static_cast<Y>(requantization.store_wide(accumulator, channel));
  } else {
    return static_cast<Y>(requantization.store(accumulator, channel));
  }
}

/// A function of one stored byte: entry [byte] is the output's byte (int8 by its two's complement).
using ByteTable = std::array<uint8_t, 256>;
/// The stored value of a byte.
inline int32_t from_byte(uint8_t byte, DType type) {
  return type == DType::int8 ? static_cast<int32_t>(static_cast<int8_t>(byte)) : static_cast<int32_t>(byte);
}
/// Element i of an array of 8- or 16-bit codes.
inline int32_t code_at(const void* codes, int64_t i, DType type) {
  switch (type) {
    case DType::int8:
      return static_cast<const int8_t*>(codes)[i];
    case DType::uint8:
      return static_cast<const uint8_t*>(codes)[i];
    case DType::int16:
      return static_cast<const int16_t*>(codes)[i];
    default:
      return static_cast<const uint16_t*>(codes)[i];
  }
}
inline void put_code(void* codes, int64_t i, DType type, int32_t code) {
  if (is_8bit(type)) {
    static_cast<uint8_t*>(codes)[i] = static_cast<uint8_t>(code);
  } else {
    static_cast<uint16_t*>(codes)[i] = static_cast<uint16_t>(code);
  }
}
/// Dequantize, then Quantize, in float32 with the rule's rounding.
ByteTable definition_table(const Operand& from, const Operand& to, Arithmetic arithmetic);
/// What Quantize does from 8 bits to 8 bits: the definition under `float`, an integer rescaling under `fixed`.
ByteTable requantize_table(const Operand& from, const Operand& to, Arithmetic arithmetic);
/// The same from any of 8 and 16 bits to any, code by code.
class CodeRequantization {
 public:
  CodeRequantization(const Operand& from, const Operand& to, Arithmetic arithmetic);
  int32_t operator()(int32_t code) const;

 private:
  Requantization fixed_;
  StoredBounds bounds_;
  float s_from_ = 1, s_to_ = 1;
  int32_t z_from_ = 0, z_to_ = 0;
  Arithmetic arithmetic_;
};

/// real -> stored by the rule: `float` rounds float32 x / s half to even, `fixed` half away from zero.
int32_t quantize_value(float real, float scale, int32_t zero_point, StoredBounds bounds, Arithmetic arithmetic);
/// stored -> real, in float32.
inline float dequantize_value(int32_t stored, float scale, int32_t zero_point) {
  return static_cast<float>(stored - zero_point) * scale;
}

}  // namespace quern
