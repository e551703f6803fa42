#include "kernels/window/depthwise_weights.h"

#include "kernels/gemm/store_rule.h"
#include "kernels/requantize.h"

namespace quern {

int32_t depthwise_weight_offset(const Operand& weights, bool wide, int64_t channel) {
  if (wide) return -zero_point_of(weights, channel);
  return weights.dtype == DType::uint8 ? -128 : 0;
}

int32_t depthwise_weight(const OpCall& call, int64_t channel, int64_t tap, int64_t tap_count, bool wide) {
  const Operand& w = call.inputs[1];
  const uint8_t byte = w.constant_as<uint8_t>()[channel * tap_count + tap];
  return from_byte(byte, w.dtype) + depthwise_weight_offset(w, wide, channel);
}

std::vector<int32_t> depthwise_bias(const OpCall& call, int64_t channels, int64_t tap_count, bool wide) {
  const Operand& x = call.inputs[0];
  const int64_t zero = zero_point_of(x) + (x.dtype == DType::int8 ? 128 : 0);
  std::vector<int32_t> bias = integer_bias(call, channels);
  for (int64_t c = 0; c < channels; ++c) {
    int64_t sum = 0;
    for (int64_t t = 0; t < tap_count; ++t) sum += depthwise_weight(call, c, t, tap_count, wide);
    bias[static_cast<size_t>(c)] = static_cast<int32_t>(bias[static_cast<size_t>(c)] - zero * sum);
  }
  return bias;
}

}  // namespace quern
