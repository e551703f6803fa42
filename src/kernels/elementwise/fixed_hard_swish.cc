#include "kernels/elementwise/fixed_hard_swish.h"

#include <limits>

namespace quern {

namespace {

constexpr int32_t kMax16 = std::numeric_limits<int16_t>::max();
constexpr int32_t kMin16 = std::numeric_limits<int16_t>::min();

/// A multiplier cut to 16 bits, its exponent kept.
struct Multiplier16 {
  int32_t multiplier = 0;
  int shift = 0;
};

Multiplier16 multiplier16(double value) {
  const FixedMultiplier m = quantize_multiplier(value);
  const int64_t rounded = (int64_t{m.multiplier} + (1 << 15)) >> 16;
  return {static_cast<int32_t>(std::min<int64_t>(rounded, kMax16)), m.shift};
}

int32_t rounding_high_mul(int32_t a, int32_t b) {
  if (a == kMin16 && b == kMin16) return kMax16;
  const int32_t product = a * b;
  return (product + (product >= 0 ? (1 << 14) : 1 - (1 << 14))) / (1 << 15);
}

int32_t truncating_high_mul(int32_t a, int32_t b) {
  if (a == kMin16 && b == kMin16) return kMax16;
  return a * b / (1 << 15);
}

int32_t saturating_shift_left(int32_t value, int bits) {
  return static_cast<int32_t>(std::clamp<int64_t>(int64_t{value} * (int64_t{1} << bits), kMin16, kMax16));
}

/// x/6 + 1/2 clamped to 0…1, in units of 2^-15: x arrives on the fine grid s_x / 128.
int32_t gate(int32_t fine, const Multiplier16& m) {
  int32_t value = fine;
  // The last of the left shifts waits until after the product, which keeps one more bit.
  if (m.shift > 0) value = saturating_shift_left(value, m.shift - 1);
  value = rounding_high_mul(value, m.multiplier);
  if (m.shift > 0) value = saturating_shift_left(value, 1);
  if (m.shift < 0) value = rounding_divide_by_power_of_two(value, -m.shift);
  return (value + (1 << 15)) >> 1;
}

}  // namespace

std::optional<ByteTable> fixed_hard_swish_table(const Operand& x, const Operand& y) {
  const float fine_scale = (1.0f / 128.0f) * scale_of(x);
  const Multiplier16 to_output = multiplier16(static_cast<double>(fine_scale / scale_of(y)));
  const Multiplier16 to_gate = multiplier16(static_cast<double>(fine_scale / (3.0f / 32768.0f)));
  if (to_output.shift > 0) return std::nullopt;
  ByteTable table{};
  for (int byte = 0; byte < 256; ++byte) {
    const int32_t fine = (from_byte(static_cast<uint8_t>(byte), x.dtype) - zero_point_of(x)) * (1 << 7);
    const int32_t before_shift = rounding_high_mul(fine, to_output.multiplier);
    const int32_t product = truncating_high_mul(gate(fine, to_gate), before_shift);
    table[static_cast<size_t>(byte)] = to_byte(
        place(rounding_divide_by_power_of_two(product, -to_output.shift), zero_point_of(y), stored_range(y.dtype)));
  }
  return table;
}

}  // namespace quern
