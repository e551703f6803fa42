#include "write/tflite/nearest.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace quern::tflite_writer {

namespace {

float ratio(int64_t a, int64_t b) {
  return static_cast<float>(a) / static_cast<float>(b);
}

/// ONNX's formulas.
std::optional<float> position(Coordinates coordinates, float x, int64_t in, int64_t out, float scale) {
  switch (coordinates) {
    case Coordinates::half_pixel:
      return (x + 0.5F) / scale - 0.5F;
    case Coordinates::pytorch_half_pixel:
      return out > 1 ? (x + 0.5F) / scale - 0.5F : 0.0F;
    case Coordinates::align_corners:
      return out > 1 ? x * static_cast<float>(in - 1) / static_cast<float>(out - 1) : 0.0F;
    case Coordinates::asymmetric:
      return x / scale;
    case Coordinates::tf_half_pixel_for_nn:
      return (x + 0.5F) / scale;
    case Coordinates::half_pixel_symmetric:
    case Coordinates::tf_crop_and_resize:
      break;
  }
  return std::nullopt;
}

float rounded(float at, NearestMode mode) {
  switch (mode) {
    case NearestMode::round_prefer_floor:
      return std::ceil(at - 0.5F);
    case NearestMode::round_prefer_ceil:
      return std::floor(at + 0.5F);
    case NearestMode::floor:
      return std::floor(at);
    case NearestMode::ceil:
      break;
  }
  return std::ceil(at);
}

}  // namespace

std::vector<int64_t> nearest_sources(const ResizeAttrs& attrs, int64_t in, int64_t out, float scale) {
  std::vector<int64_t> sources;
  for (int64_t i = 0; i < out; ++i) {
    const auto at = position(attrs.coordinates, static_cast<float>(i), in, out, scale);
    if (!at) return {};
    sources.push_back(std::clamp<int64_t>(static_cast<int64_t>(rounded(*at, attrs.nearest)), 0, in - 1));
  }
  return sources;
}

// floor((i + offset) * in / out), or round(i * (in - 1) / (out - 1)) with aligned corners.
std::vector<int64_t> nearest_sources(const TflitePlacement& placement, int64_t in, int64_t out) {
  const bool aligned = placement.align_corners && out > 1;
  const float scale = aligned ? ratio(in - 1, out - 1) : ratio(in, out);
  const float offset = placement.half_pixel_centers ? 0.5F : 0.0F;
  std::vector<int64_t> sources;
  for (int64_t i = 0; i < out; ++i) {
    const float at = (static_cast<float>(i) + offset) * scale;
    const auto source = static_cast<int64_t>(aligned ? std::round(at) : std::floor(at));
    sources.push_back(std::clamp<int64_t>(source, 0, in - 1));
  }
  return sources;
}

}  // namespace quern::tflite_writer
