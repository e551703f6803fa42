#include "quantize/weights.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/width.h"

namespace quern {

namespace {

constexpr float kMaxCode = 127;
constexpr float kBiasRoom = 1 << 29;
constexpr float kWideBiasRoom = 0x7FFF0000;  // below 2^31 by more than float32 products may round up
// Narrower than this never won on the models measured.
constexpr int kNarrowings = 20;
constexpr float kNarrowingStep = 0.025F;

float reach_of(std::span<const float> values) {
  float reach = 0;
  for (float v : values) reach = std::max(reach, std::abs(v));
  return reach;
}

float code_of(float value, float scale) {
  return std::clamp(std::nearbyint(value / scale), -kMaxCode, kMaxCode);
}

double weighted_error(std::span<const float> values, std::span<const float> importance, float scale) {
  double error = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const float d = values[i] - code_of(values[i], scale) * scale;
    error += (importance.empty() ? 1.0 : double{importance[i]}) * d * d;
  }
  return error;
}

float best_scale(std::span<const float> values, std::span<const float> importance, bool search) {
  const float widest = reach_of(values) / kMaxCode;
  if (!(widest > 0)) return 1 / kMaxCode;
  if (!search) return widest;
  float best = widest;
  double least = weighted_error(values, importance, widest);
  for (int i = 1; i <= kNarrowings; ++i) {
    const float scale = widest * (1 - kNarrowingStep * static_cast<float>(i));
    const double error = weighted_error(values, importance, scale);
    if (error < least) least = error, best = scale;
  }
  return best;
}

}  // namespace

std::vector<float> weight_scales(const Tensor& weights, const WeightOptions& options,
                                 std::span<const float> importance) {
  const auto values = weights.data<float>();
  const auto channels = static_cast<size_t>(weights.shape()[0]);
  const size_t each = channels == 0 ? 0 : values.size() / channels;
  if (!options.per_channel) {
    std::vector<float> all(importance.size() == each ? 0 : importance.size());
    std::ranges::copy(all.empty() ? std::span<const float>{} : importance, all.begin());
    for (size_t c = 0; importance.size() == each && each > 0 && c < channels; ++c)
      all.insert(all.end(), importance.begin(), importance.end());
    return std::vector<float>(channels, best_scale(values, all, options.search));
  }
  std::vector<float> scales;
  for (size_t c = 0; c < channels; ++c) {
    const auto own = importance.size() == values.size() ? importance.subspan(c * each, each) : importance;
    scales.push_back(best_scale(values.subspan(c * each, each), own, options.search));
  }
  return scales;
}

void make_room_for_bias(std::vector<float>& scales, std::span<const float> bias, float input_scale, DType input) {
  const float room = is_16bit(input) ? kWideBiasRoom : kBiasRoom;
  for (size_t c = 0; c < bias.size(); ++c) {
    scales[c] = std::max(scales[c], std::abs(bias[c]) / (input_scale * room));
  }
}

Result<Tensor> quantize_weights(const Tensor& weights, const std::vector<float>& scales) {
  QUERN_TRY(Tensor stored, Tensor::make(DType::int8, weights.shape()));
  const auto from = weights.data<float>();
  auto to = stored.mutable_data<int8_t>();
  const size_t each = scales.empty() ? 0 : from.size() / scales.size();
  for (size_t i = 0; i < from.size(); ++i) to[i] = static_cast<int8_t>(code_of(from[i], scales[i / each]));
  const bool alike = std::ranges::all_of(scales, [&](float s) { return s == scales[0]; });
  stored.quantization.scales = alike ? std::vector<float>{scales[0]} : scales;
  stored.quantization.zero_points.assign(stored.quantization.scales.size(), 0);
  return stored;
}

Result<Tensor> dequantize_weights(const Tensor& weights) {
  QUERN_TRY(Tensor real, Tensor::make(DType::float32, weights.shape()));
  const auto from = weights.data<int8_t>();
  auto to = real.mutable_data<float>();
  const auto& scales = weights.quantization.scales;
  const size_t each = from.size() / std::max<size_t>(scales.size(), 1);
  for (size_t i = 0; i < from.size(); ++i) to[i] = static_cast<float>(from[i]) * scales[i / each];
  return real;
}

Result<Tensor> quantize_bias(std::span<const float> bias, float input_scale, const std::vector<float>& scales) {
  QUERN_TRY(Tensor stored, Tensor::make(DType::int32, {static_cast<int64_t>(bias.size())}));
  auto to = stored.mutable_data<int32_t>();
  Quantization& grid = stored.quantization;
  const bool alike = std::ranges::all_of(scales, [&](float s) { return s == scales[0]; });
  for (size_t c = 0; c < bias.size(); ++c) {
    const float step = input_scale * scales[c];
    to[c] = static_cast<int32_t>(std::nearbyint(double{bias[c]} / double{step}));
    if (c == 0 || !alike) grid.scales.push_back(step);
  }
  grid.zero_points.assign(grid.scales.size(), 0);
  return stored;
}

}  // namespace quern
