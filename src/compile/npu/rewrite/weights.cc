#include "compile/npu/rewrite/weights.h"

#include <algorithm>
#include <cstring>

namespace quern::npu {

namespace {

/// Scales and zero points of `channels` output channels, those there were repeated; one for all stays one.
Quantization repeated_quantization(const Quantization& q, int64_t channels) {
  if (!q.per_axis()) return q;
  Quantization made;
  made.axis = q.axis;
  for (int64_t c = 0; c < channels; ++c) {
    made.scales.push_back(q.scales[static_cast<size_t>(c) % q.scales.size()]);
    made.zero_points.push_back(q.zero_points[static_cast<size_t>(c) % q.zero_points.size()]);
  }
  return made;
}

int64_t offset_in(const WeightIndex& at, const Shape& shape) {
  return ((at[0] * shape[1] + at[1]) * shape[2] + at[2]) * shape[3] + at[3];
}

}  // namespace

Tensor moved_weights(const Tensor& weights, const WeightIndex& shape,
                     const std::function<WeightIndex(const WeightIndex&)>& from) {
  Tensor made = *Tensor::make(weights.dtype(), Shape(shape.begin(), shape.end()));
  made.quantization = repeated_quantization(weights.quantization, shape[0]);
  const auto* source = static_cast<const uint8_t*>(weights.raw());
  auto* out = static_cast<uint8_t*>(made.mutable_raw());
  const auto& zeros = made.quantization.zero_points;
  WeightIndex at{};
  for (at[0] = 0; at[0] < shape[0]; ++at[0]) {
    const size_t channel = zeros.size() > 1 ? static_cast<size_t>(at[0]) : 0;
    const auto zero = static_cast<uint8_t>(zeros.empty() ? 0 : zeros[channel]);
    for (at[1] = 0; at[1] < shape[1]; ++at[1]) {
      for (at[2] = 0; at[2] < shape[2]; ++at[2]) {
        for (at[3] = 0; at[3] < shape[3]; ++at[3]) {
          const WeightIndex place = from(at);
          *out++ = place[0] < 0 ? zero : source[offset_in(place, weights.shape())];
        }
      }
    }
  }
  return made;
}

Tensor repeated(const Tensor& bias, int64_t times) {
  Tensor made = *Tensor::make(bias.dtype(), {bias.size() * times});
  for (int64_t i = 0; i < times; ++i)
    std::memcpy(static_cast<std::byte*>(made.mutable_raw()) + i * bias.bytes(), bias.raw(),
                static_cast<size_t>(bias.bytes()));
  made.quantization = repeated_quantization(bias.quantization, made.size());
  return made;
}

bool has_known_weights(const Spot& spot) {
  if (!spot.has_input(1) || !spot.input(1).constant || !is_8bit(spot.input(1).dtype)) return false;
  const Quantization& q = spot.input(1).quantization;
  if (q.empty() || (q.per_axis() && q.axis != 0)) return false;
  return !spot.has_input(2) || spot.input(2).constant.has_value();
}

}  // namespace quern::npu
