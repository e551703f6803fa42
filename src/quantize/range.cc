#include "quantize/range.h"

#include <cmath>

namespace quern {

namespace {

constexpr float kSteps = 255;

int32_t least_code(DType type) {
  return type == DType::int8 ? -128 : 0;
}

constexpr float kWideReach = 32767;

}  // namespace

Quantization activation_quantization(Range range, DType type, bool symmetric) {
  const float low = std::min(range.low, 0.0F);
  const float high = std::max(range.high, 0.0F);
  if (type == DType::int16) {
    const float reach = std::max(-low, high);
    return {{(reach > 0 ? reach : 1) / kWideReach}, {0}, 0};
  }
  const int32_t least = least_code(type);
  if (symmetric) {
    const float reach = std::max(-low, high);
    return {{reach > 0 ? reach / 127 : 1.0F / 127}, {least + 128}, 0};
  }
  if (!(high - low > 0)) return {{1 / kSteps}, {least}, 0};
  const float scale = (high - low) / kSteps;
  const float zero = std::nearbyint(static_cast<float>(least) - low / scale);
  return {{scale}, {std::clamp(static_cast<int32_t>(zero), least, least + 255)}, 0};
}

Range represented(const Quantization& quantization, DType type) {
  const float scale = quantization.scales[0];
  if (type == DType::int16) return {-kWideReach * scale, kWideReach * scale};
  const int32_t least = least_code(type);
  const auto real = [&](int32_t code) { return static_cast<float>(code - quantization.zero_points[0]) * scale; };
  return {real(least), real(least + 255)};
}

}  // namespace quern
