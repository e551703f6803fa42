// Resize: sizes from scales or scales from sizes, as ONNX has it, for all axes.
#include <algorithm>
#include <cmath>

#include "graph/infer_rules.h"

namespace quern::infer_rules {

namespace {

/// Input 1 roi, 2 scales, 3 sizes. An empty array is as good as none.
Status read_parameters(InferCall& call, ResizeAttrs& a) {
  const auto floats = [](const std::vector<double>& wide) { return std::vector<float>(wide.begin(), wide.end()); };
  if (call.has(1)) {
    QUERN_TRY(const std::vector<double> roi, call.real_parameter(1, "roi"));
    a.roi = floats(roi);
  }
  if (call.has(3)) {
    QUERN_TRY(const Ints sizes, call.int_parameter(3, "sizes"));
    if (!sizes.empty()) {
      a.sizes = sizes;
      a.scales.clear();
      return {};
    }
  }
  if (call.has(2)) {
    QUERN_TRY(const std::vector<double> scales, call.real_parameter(2, "scales"));
    if (scales.empty()) return {};
    a.scales = floats(scales);
    a.sizes.clear();
  }
  return {};
}

/// A list given for the named axes as one for all axes, `rest` elsewhere.
template <typename T>
Result<std::vector<T>> for_all_axes(const InferCall& call, const std::vector<T>& given, const Ints& axes,
                                    std::vector<T> rest, const char* what) {
  if (axes.empty() && given.size() == rest.size()) return given;
  if (given.size() != axes.size()) {
    return call.wrong("{} has {} numbers instead of {}", what, given.size(), axes.empty() ? rest.size() : axes.size());
  }
  for (size_t i = 0; i < axes.size(); ++i) rest[static_cast<size_t>(axes[i])] = given[i];
  return rest;
}

/// roi is all begins, then all ends.
Status spread_roi(const InferCall& call, ResizeAttrs& a, const Ints& axes) {
  if (a.coordinates != Coordinates::tf_crop_and_resize) {
    a.roi.clear();
    return {};
  }
  const size_t rank = call.shape(0).size();
  if (a.roi.size() == 2 * rank && (axes.empty() || axes.size() == rank)) return {};
  if (axes.empty() || a.roi.size() != 2 * axes.size()) {
    return call.wrong("roi has {} numbers instead of {}", a.roi.size(), 2 * (axes.empty() ? rank : axes.size()));
  }
  const auto half = a.roi.begin() + static_cast<std::ptrdiff_t>(axes.size());
  QUERN_TRY(std::vector<float> all,
            for_all_axes<float>(call, {a.roi.begin(), half}, axes, std::vector<float>(rank, 0), "roi"));
  QUERN_TRY(const std::vector<float> ends,
            for_all_axes<float>(call, {half, a.roi.end()}, axes, std::vector<float>(rank, 1), "roi"));
  all.insert(all.end(), ends.begin(), ends.end());
  a.roi = std::move(all);
  return {};
}

/// What is left of an axis after the crop, in elements.
float cropped(const ResizeAttrs& a, const Shape& x, size_t axis) {
  const auto extent = static_cast<float>(x[axis]);
  return a.roi.empty() ? extent : (a.roi[x.size() + axis] - a.roi[axis]) * extent;
}

Status sizes_from_scales(const InferCall& call, ResizeAttrs& a) {
  const Shape& x = call.shape(0);
  a.sizes.resize(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    const float size = std::floor(cropped(a, x, i) * a.scales[i]);
    if (!(a.scales[i] > 0) || !(size >= 0) || size > static_cast<float>(Tensor::kMaxBytes)) {
      return call.wrong("scale {} of axis {} (extent {}) is not one that can be", a.scales[i], i, x[i]);
    }
    a.sizes[i] = static_cast<int64_t>(size);
  }
  return {};
}

/// Keeps the picture's proportions: one scale for all resized axes.
Status keep_aspect(const InferCall& call, ResizeAttrs& a, const Ints& axes) {
  const Shape& x = call.shape(0);
  double scale = a.aspect == AspectPolicy::not_larger ? HUGE_VAL : 0;
  for (int64_t axis : axes) {
    const auto i = static_cast<size_t>(axis);
    if (x[i] == 0) return call.wrong("axis {} is empty and has no proportions", i);
    const double own = static_cast<double>(a.sizes[i]) / static_cast<double>(x[i]);
    scale = a.aspect == AspectPolicy::not_larger ? std::min(scale, own) : std::max(scale, own);
  }
  for (int64_t axis : axes) {
    const auto i = static_cast<size_t>(axis);
    const double size = std::floor(scale * static_cast<double>(x[i]) + 0.5);
    if (!(size <= static_cast<double>(Tensor::kMaxBytes)))
      return call.wrong("the size of axis {} would be {}", i, size);
    a.sizes[i] = static_cast<int64_t>(size);
    a.scales[i] = static_cast<float>(scale);
  }
  return {};
}

Status scales_from_sizes(const InferCall& call, ResizeAttrs& a, const Ints& axes) {
  const Shape& x = call.shape(0);
  a.scales.assign(x.size(), 1.0f);
  for (size_t i = 0; i < x.size(); ++i) {
    if (a.sizes[i] < 0 || a.sizes[i] > Tensor::kMaxBytes || (x[i] == 0 && a.sizes[i] != 0)) {
      return call.wrong("size {} of axis {} (extent {}) is not one that can be", a.sizes[i], i, x[i]);
    }
    if (x[i] > 0) a.scales[i] = static_cast<float>(a.sizes[i]) / static_cast<float>(x[i]);
  }
  return a.aspect == AspectPolicy::stretch ? Status() : keep_aspect(call, a, axes);
}

}  // namespace

Status resize(InferCall& call) {
  auto& a = call.attrs<ResizeAttrs>();
  const Shape& x = call.shape(0);
  const bool parameters = call.has(1) || call.has(2) || call.has(3);
  QUERN_CHECK(read_parameters(call, a));
  QUERN_CHECK(call.normalize_axes(a.axes, call.rank(0)));
  if (!std::is_sorted(a.axes.begin(), a.axes.end())) return call.cannot("axes are not in increasing order");
  if (a.sizes.empty() && a.scales.empty() && !x.empty()) return call.wrong("it has neither sizes nor scales");

  // With both given this has run before, and what is there is final and for all axes.
  const bool done = !a.sizes.empty() && !a.scales.empty();
  if (done) {
    a.axes.clear();
    a.aspect = AspectPolicy::stretch;
  }
  QUERN_CHECK(spread_roi(call, a, a.axes));
  if (done) {
    if (a.sizes.size() != x.size() || a.scales.size() != x.size()) {
      return call.wrong("it has {} sizes and {} scales for {} axes", a.sizes.size(), a.scales.size(), x.size());
    }
  } else if (a.sizes.empty()) {
    QUERN_TRY(a.scales, for_all_axes(call, a.scales, a.axes, std::vector<float>(x.size(), 1.0f), "scales"));
    QUERN_CHECK(sizes_from_scales(call, a));
  } else {
    QUERN_TRY(a.sizes, for_all_axes(call, a.sizes, a.axes, Ints(x), "sizes"));
    Ints all(x.size());
    for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int64_t>(i);
    QUERN_CHECK(scales_from_sizes(call, a, a.axes.empty() ? all : a.axes));
  }
  if (!parameters) {
    a.axes.clear();
    a.aspect = AspectPolicy::stretch;
  }
  return call.give(a.sizes, call.dtype(0));
}

}  // namespace quern::infer_rules
