#include "kernels/resize/coordinates.h"

#include <algorithm>
#include <cmath>

namespace quern {

namespace {

float half_pixel(const ResizeAxis& axis, float x) {
  return (x + 0.5f) / axis.scale - 0.5f;
}

float crop_and_resize(const ResizeAxis& axis, float x) {
  const auto span = static_cast<float>(axis.in - 1);
  if (axis.out <= 1) return 0.5f * (axis.roi_begin + axis.roi_end) * span;
  return axis.roi_begin * span + x * (axis.roi_end - axis.roi_begin) * span / static_cast<float>(axis.out - 1);
}

float half_pixel_symmetric(const ResizeAxis& axis, float x) {
  const float asked = axis.scale * static_cast<float>(axis.in);
  const float adjustment = static_cast<float>(axis.out) / asked;
  const float centre = static_cast<float>(axis.in) / 2;
  return centre * (1 - adjustment) + (x + 0.5f) / axis.scale - 0.5f;
}

/// Keys' cubic with parameter a, at distance x.
double cubic(double x, double a) {
  x = std::abs(x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

double triangle(double x) {
  return std::max(0.0, 1 - std::abs(x));
}

}  // namespace

ResizeAxis resize_axis(const OpCall& call, size_t axis) {
  const auto& attrs = call.as<ResizeAttrs>();
  const Shape& in = call.inputs[0].shape;
  const size_t rank = in.size();
  ResizeAxis result;
  result.in = in[axis];
  result.out = call.outputs[0].shape[axis];
  result.coordinates = attrs.coordinates;
  result.scale = attrs.scales.size() == rank
                     ? attrs.scales[axis]
                     : static_cast<float>(result.out) / static_cast<float>(std::max<int64_t>(result.in, 1));
  // The roi speaks of all axes, or of those it names.
  const auto named = std::find(attrs.axes.begin(), attrs.axes.end(), static_cast<int64_t>(axis)) - attrs.axes.begin();
  const size_t entries = attrs.roi.size() / 2;
  const size_t entry = entries == rank ? axis : static_cast<size_t>(named);
  if (entry < entries) {
    result.roi_begin = attrs.roi[entry];
    result.roi_end = attrs.roi[entries + entry];
  }
  return result;
}

float source_position(const ResizeAxis& axis, int64_t out) {
  const auto x = static_cast<float>(out);
  switch (axis.coordinates) {
    case Coordinates::half_pixel:
      return half_pixel(axis, x);
    case Coordinates::half_pixel_symmetric:
      return half_pixel_symmetric(axis, x);
    case Coordinates::pytorch_half_pixel:
      return axis.out > 1 ? half_pixel(axis, x) : 0.0f;
    case Coordinates::align_corners:
      return axis.out > 1 ? x * static_cast<float>(axis.in - 1) / static_cast<float>(axis.out - 1) : 0.0f;
    case Coordinates::asymmetric:
      return x / axis.scale;
    case Coordinates::tf_half_pixel_for_nn:
      return (x + 0.5f) / axis.scale;
    case Coordinates::tf_crop_and_resize:
      return crop_and_resize(axis, x);
  }
  return x;
}

bool extrapolates(const ResizeAxis& axis, float position) {
  return axis.coordinates == Coordinates::tf_crop_and_resize &&
         (position < 0 || position > static_cast<float>(axis.in - 1));
}

AxisTaps resize_taps(const ResizeAxis& axis, const ResizeAttrs& attrs) {
  const bool is_cubic = attrs.mode == ResizeMode::cubic;
  // Antialiasing widens the filter when the axis shrinks.
  const double shrink = attrs.antialias ? std::min(static_cast<double>(axis.scale), 1.0) : 1.0;
  const auto reach = static_cast<int64_t>(std::ceil((is_cubic ? 2.0 : 1.0) / shrink));
  AxisTaps taps;
  taps.count = 2 * reach;
  for (int64_t out = 0; out < axis.out; ++out) {
    const auto at = static_cast<double>(source_position(axis, out));
    const auto first = static_cast<int64_t>(std::floor(at)) - reach + 1;
    double sum = 0;
    const size_t begin = taps.weights.size();
    for (int64_t i = first; i < first + taps.count; ++i) {
      const double distance = (static_cast<double>(i) - at) * shrink;
      double weight = is_cubic ? cubic(distance, static_cast<double>(attrs.cubic_a)) : triangle(distance);
      if (attrs.exclude_outside && (i < 0 || i >= axis.in)) weight = 0;
      sum += weight;
      taps.indices.push_back(std::clamp<int64_t>(i, 0, axis.in - 1));
      taps.weights.push_back(weight);
    }
    for (size_t i = begin; i < taps.weights.size(); ++i) taps.weights[i] = sum != 0 ? taps.weights[i] / sum : 0;
  }
  return taps;
}

}  // namespace quern
