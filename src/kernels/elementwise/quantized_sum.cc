#include "kernels/elementwise/quantized_sum.h"

namespace quern {

namespace {

// TFLite's choice for 8 bits: 255 * 2^20 leaves room in int32 for the sum of two.
constexpr int kLeftShift = 20;

void fill_real(const Operand& operand, float ratio, std::array<float, 256>& table) {
  for (int byte = 0; byte < 256; ++byte) {
    const int32_t centred = from_byte(static_cast<uint8_t>(byte), operand.dtype) - zero_point_of(operand);
    table[static_cast<size_t>(byte)] = static_cast<float>(centred) * ratio;
  }
}

void fill_fixed(const Operand& operand, double factor, std::array<int32_t, 256>& table) {
  const FixedMultiplier m = quantize_multiplier(factor);
  for (int byte = 0; byte < 256; ++byte) {
    const int32_t centred = from_byte(static_cast<uint8_t>(byte), operand.dtype) - zero_point_of(operand);
    table[static_cast<size_t>(byte)] = multiply_double_rounding(centred * (1 << kLeftShift), m);
  }
}

template <typename T>
void negate(std::array<T, 256>& table) {
  for (T& entry : table) entry = -entry;
}

}  // namespace

QuantizedSum::QuantizedSum(const OpCall& call) {
  const Operand& a = call.inputs[0];
  const Operand& b = call.inputs[1];
  const Operand& y = call.outputs[0];
  const double twice = 2.0 * static_cast<double>(std::max(scale_of(a), scale_of(b)));
  output_ = scalar_requantization(twice / ((1 << kLeftShift) * static_cast<double>(scale_of(y))), y,
                                  call.as<ClampAttrs>().clamp, call.arithmetic);
  if (call.arithmetic == Arithmetic::float_rule) {
    fill_real(a, scale_of(a) / scale_of(y), a_real_);
    fill_real(b, scale_of(b) / scale_of(y), b_real_);
  } else {
    fill_fixed(a, static_cast<double>(scale_of(a)) / twice, a_fixed_);
    fill_fixed(b, static_cast<double>(scale_of(b)) / twice, b_fixed_);
  }
  if (call.kind == OpKind::Sub) {
    negate(b_real_);
    negate(b_fixed_);
  }
}

}  // namespace quern
