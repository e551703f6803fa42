// About extents: another shape for the same elements, extents as values, and values made from extents.
#include <algorithm>
#include <cmath>

#include "base/checked.h"
#include "graph/infer_rules.h"

namespace quern::infer_rules {

namespace {

DType extent_type(const InferCall& call) {
  return call.declared(0) == DType::int32 ? DType::int32 : DType::int64;
}

int64_t product(const Shape& shape, size_t first, size_t last) {
  int64_t out = 1;
  for (size_t i = first; i < last; ++i) out *= shape[i];
  return out;
}

/// The wanted shape with its zeros copied from the input; `open` is the index of its -1, or -1.
Result<Shape> copied_extents(const InferCall& call, const ReshapeAttrs& a, int64_t& open) {
  Shape out = a.shape;
  open = -1;
  for (size_t i = 0; i < out.size(); ++i) {
    if (out[i] < -1) return call.wrong("shape {} has the extent {}", to_string(a.shape), out[i]);
    if (out[i] == 0 && !a.allow_zero) {
      if (i >= call.shape(0).size()) return call.wrong("shape copies extent {}, but its input has {}", i, call.rank(0));
      out[i] = call.shape(0)[i];
    } else if (out[i] == -1) {
      if (open >= 0) return call.wrong("shape {} leaves two extents open", to_string(a.shape));
      open = static_cast<int64_t>(i);
      out[i] = 1;
    }
  }
  return out;
}

}  // namespace

Status reshape(InferCall& call) {
  auto& a = call.attrs<ReshapeAttrs>();
  if (call.has(1)) {
    QUERN_TRY(a.shape, call.int_parameter(1, "shape"));
  }
  int64_t open = -1;
  QUERN_TRY(Shape out, copied_extents(call, a, open));
  QUERN_TRY(const int64_t have, element_count(call.shape(0)));
  const auto want = element_count(out);
  const auto misfit = [&] {
    return call.wrong("its input of shape {} ({} elements) does not fit the shape {}", to_string(call.shape(0)), have,
                      to_string(a.shape));
  };
  if (!want.ok()) return misfit();
  if (open >= 0) {
    if (*want == 0 || have % *want != 0) return misfit();
    out[static_cast<size_t>(open)] = have / *want;
  } else if (have != *want) {
    return misfit();
  }
  return call.give(std::move(out), call.dtype(0));
}

Status flatten(InferCall& call) {
  int64_t& axis = call.attrs<AxisAttrs>().axis;
  const Shape& x = call.shape(0);
  if (axis != call.rank(0)) {
    if (x.empty()) return call.wrong("axis {} is outside the axes of a scalar", axis);
    QUERN_CHECK(call.normalize_axis(axis, call.rank(0)));
  }
  const auto cut = static_cast<size_t>(axis);
  return call.give({product(x, 0, cut), product(x, cut, x.size())}, call.dtype(0));
}

Status squeeze(InferCall& call) {
  auto& a = call.attrs<AxesAttrs>();
  if (call.has(1)) {
    QUERN_TRY(a.axes, call.int_parameter(1, "axes"));
  }
  QUERN_CHECK(call.normalize_axes(a.axes, call.rank(0)));
  Shape out;
  for (size_t i = 0; i < call.shape(0).size(); ++i) {
    const int64_t extent = call.shape(0)[i];
    const bool named = std::find(a.axes.begin(), a.axes.end(), static_cast<int64_t>(i)) != a.axes.end();
    if (named && extent != 1) return call.wrong("axis {} has the extent {} and cannot be dropped", i, extent);
    if (!(a.axes.empty() ? extent == 1 : named)) out.push_back(extent);
  }
  return call.give(std::move(out), call.dtype(0));
}

Status unsqueeze(InferCall& call) {
  auto& a = call.attrs<AxesAttrs>();
  if (call.has(1)) {
    QUERN_TRY(a.axes, call.int_parameter(1, "axes"));
  }
  const int64_t rank = call.rank(0) + static_cast<int64_t>(a.axes.size());
  if (rank > kMaxRank) return call.cannot("its output would have {} axes; the limit is {}", rank, kMaxRank);
  QUERN_CHECK(call.normalize_axes(a.axes, rank));
  std::sort(a.axes.begin(), a.axes.end());
  Shape out = call.shape(0);
  for (int64_t axis : a.axes) out.insert(out.begin() + axis, 1);
  return call.give(std::move(out), call.dtype(0));
}

Status shape_of(InferCall& call) {
  auto& a = call.attrs<ShapeOfAttrs>();
  const int64_t rank = call.rank(0);
  const auto into_range = [&](int64_t& axis) { axis = std::clamp<int64_t>(axis < 0 ? axis + rank : axis, 0, rank); };
  into_range(a.start);
  into_range(a.end);
  return call.give_plain({std::max<int64_t>(0, a.end - a.start)}, extent_type(call));
}

Status size_of_value(InferCall& call) {
  return call.give_plain({}, extent_type(call));
}

Status fill(InferCall& call) {
  auto& a = call.attrs<FillAttrs>();
  if (call.has(0)) {
    QUERN_TRY(a.shape, call.int_parameter(0, "shape"));
  }
  return call.give(a.shape, a.dtype);
}

Status range(InferCall& call) {
  double numbers[3] = {};
  const char* const names[] = {"start", "limit", "delta"};
  for (size_t i = 0; i < 3; ++i) {
    QUERN_TRY(const std::vector<double> one, call.real_parameter(i, names[i]));
    if (one.size() != 1) return call.wrong("its {} has {} elements instead of one", names[i], one.size());
    numbers[i] = one[0];
  }
  const double count = std::ceil((numbers[1] - numbers[0]) / numbers[2]);
  if (numbers[2] == 0 || !std::isfinite(count)) {
    return call.wrong("there is no range from {} to {} in steps of {}", numbers[0], numbers[1], numbers[2]);
  }
  const double most = static_cast<double>(Tensor::kMaxBytes);
  return call.give_plain({static_cast<int64_t>(std::clamp(count, 0.0, most))}, call.dtype(0));
}

}  // namespace quern::infer_rules
