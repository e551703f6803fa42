// Elements that change place: joining, cutting, padding, permuting and repeating.
#include <algorithm>
#include <limits>
#include <numeric>

#include "base/checked.h"
#include "graph/infer_rules.h"

namespace quern::infer_rules {

namespace {

/// 0…n-1.
Ints counted(size_t n) {
  Ints out(n);
  std::iota(out.begin(), out.end(), 0);
  return out;
}

int64_t& extent(Shape& shape, int64_t axis) {
  return shape[static_cast<size_t>(axis)];
}

/// ONNX's rule for one axis: negative indices count from the end, then both are clamped to the axis. An end before the
/// first element is written as -extent-1, which this rule reads back as itself.
int64_t clamp_slice(int64_t& start, int64_t& end, int64_t& step, int64_t extent) {
  constexpr int64_t kFar = Tensor::kMaxBytes;
  step = std::clamp(step, -kFar, kFar);
  if (start < 0) start += extent;
  if (end < 0) end += extent;
  if (step > 0) {
    start = std::clamp<int64_t>(start, 0, extent);
    end = std::clamp<int64_t>(end, 0, extent);
    return std::max<int64_t>(0, (end - start + step - 1) / step);
  }
  start = std::clamp<int64_t>(start, 0, std::max<int64_t>(0, extent - 1));
  end = std::clamp<int64_t>(end, -1, extent - 1);
  const int64_t count = extent == 0 ? 0 : std::max<int64_t>(0, (start - end - step - 1) / -step);
  if (end < 0) end = -extent - 1;
  return count;
}

Status check_padding(const InferCall& call, PadMode mode, int64_t begin, int64_t end, int64_t extent, size_t axis) {
  const int64_t most = std::max(begin, end);
  if (mode == PadMode::constant || most <= 0) return {};
  if (extent == 0) return call.wrong("axis {} is empty, there is nothing to pad it with", axis);
  const int64_t limit = mode == PadMode::reflect ? extent - 1 : extent;
  if ((mode == PadMode::reflect || mode == PadMode::symmetric) && most > limit) {
    return call.cannot("it mirrors {} elements at axis {}, but only {} are there", most, axis, limit);
  }
  return {};
}

/// Pads of the named axes as pads of all axes.
Result<Ints> pads_of_all_axes(const InferCall& call, const PadAttrs& a) {
  const size_t rank = call.shape(0).size();
  if (a.axes.empty()) {
    if (a.pads.size() == 2 * rank) return a.pads;
    return call.wrong("pads has {} numbers instead of {} for {} axes", a.pads.size(), 2 * rank, rank);
  }
  if (a.pads.size() != 2 * a.axes.size()) {
    return call.wrong("pads has {} numbers instead of {} for {} axes", a.pads.size(), 2 * a.axes.size(), a.axes.size());
  }
  Ints all(2 * rank, 0);
  for (size_t i = 0; i < a.axes.size(); ++i) {
    all[static_cast<size_t>(a.axes[i])] = a.pads[i];
    all[rank + static_cast<size_t>(a.axes[i])] = a.pads[a.axes.size() + i];
  }
  return all;
}

Status read_slice_parameters(InferCall& call, SliceAttrs& a) {
  Ints* const fields[] = {nullptr, &a.starts, &a.ends, &a.axes, &a.steps};
  const char* const names[] = {"", "starts", "ends", "axes", "steps"};
  for (size_t i = 1; i <= 4; ++i) {
    if (!call.has(i)) continue;
    QUERN_TRY(*fields[i], call.int_parameter(i, names[i]));
  }
  if (a.axes.empty()) a.axes = counted(a.starts.size());
  if (a.steps.empty()) a.steps.assign(a.starts.size(), 1);
  if (a.ends.size() != a.starts.size() || a.axes.size() != a.starts.size() || a.steps.size() != a.starts.size()) {
    return call.wrong("starts, ends, axes and steps have {}, {}, {} and {} numbers; they must be equally many",
                      a.starts.size(), a.ends.size(), a.axes.size(), a.steps.size());
  }
  return {};
}

}  // namespace

Status concat(InferCall& call) {
  int64_t& axis = call.attrs<AxisAttrs>().axis;
  QUERN_CHECK(call.normalize_axis(axis, call.rank(0)));
  Shape out = call.shape(0);
  for (size_t i = 1; i < call.input_count(); ++i) {
    Shape next = call.shape(i);
    const bool ranks = next.size() == out.size();
    const auto sum = ranks ? checked_add(extent(out, axis), extent(next, axis)) : std::nullopt;
    if (ranks) extent(next, axis) = extent(out, axis);
    if (!sum || next != out) {
      return call.wrong("its inputs '{}' of shape {} and '{}' of shape {} differ outside axis {}", call.input(0).name,
                        to_string(call.shape(0)), call.input(i).name, to_string(call.shape(i)), axis);
    }
    extent(out, axis) = *sum;
    const bool quantized = !call.input(0).quantization.empty() || !call.input(i).quantization.empty();
    if (!quantized && call.dtype(i) != call.dtype(0)) {
      return call.wrong("its inputs '{}' and '{}' have different types, {} and {}", call.input(0).name,
                        call.input(i).name, to_string(call.dtype(0)), to_string(call.dtype(i)));
    }
  }
  return call.give(std::move(out), call.dtype(0));
}

Status split(InferCall& call) {
  auto& a = call.attrs<SplitAttrs>();
  if (call.has(1)) {
    QUERN_TRY(a.sizes, call.int_parameter(1, "sizes"));
  }
  QUERN_CHECK(call.normalize_axis(a.axis, call.rank(0)));
  const int64_t whole = call.shape(0)[static_cast<size_t>(a.axis)];
  const auto parts = static_cast<int64_t>(call.output_count());
  if (a.sizes.empty()) {
    const int64_t part = (whole + parts - 1) / parts;
    a.sizes.assign(call.output_count(), part);
    a.sizes.back() = whole - part * (parts - 1);
  }
  if (a.sizes.size() != call.output_count()) {
    return call.wrong("it has {} sizes, but {} outputs", a.sizes.size(), call.output_count());
  }
  int64_t left = whole;
  for (int64_t size : a.sizes) {
    if (size < 0 || size > left) return call.wrong("the sizes do not add up to the {} of axis {}", whole, a.axis);
    left -= size;
  }
  if (left != 0) return call.wrong("the sizes leave {} of the {} of axis {} over", left, whole, a.axis);
  for (size_t i = 0; i < a.sizes.size(); ++i) {
    Shape out = call.shape(0);
    extent(out, a.axis) = a.sizes[i];
    QUERN_CHECK(call.give(std::move(out), call.dtype(0), i));
  }
  return {};
}

Status slice(InferCall& call) {
  auto& a = call.attrs<SliceAttrs>();
  QUERN_CHECK(read_slice_parameters(call, a));
  QUERN_CHECK(call.normalize_axes(a.axes, call.rank(0)));
  Shape out = call.shape(0);
  for (size_t i = 0; i < a.axes.size(); ++i) {
    if (a.steps[i] == 0) return call.wrong("the step along axis {} is 0", a.axes[i]);
    int64_t& along = extent(out, a.axes[i]);
    along = clamp_slice(a.starts[i], a.ends[i], a.steps[i], along);
  }
  return call.give(std::move(out), call.dtype(0));
}

Status pad(InferCall& call) {
  auto& a = call.attrs<PadAttrs>();
  if (call.has(1)) {
    QUERN_TRY(a.pads, call.int_parameter(1, "pads"));
  }
  if (call.has(2)) {
    QUERN_TRY(const std::vector<double> value, call.real_parameter(2, "value"));
    if (value.size() > 1) return call.wrong("its value has {} elements instead of one", value.size());
    if (!value.empty()) a.value = value[0];
  }
  if (call.has(3)) {
    QUERN_TRY(a.axes, call.int_parameter(3, "axes"));
  }
  QUERN_CHECK(call.normalize_axes(a.axes, call.rank(0)));
  QUERN_TRY(Ints pads, pads_of_all_axes(call, a));
  const bool read_again = call.has(1) && !call.has(3);  // then the axes still belong to the input's pads
  a.pads = std::move(pads);
  if (!read_again) a.axes.clear();
  Shape out = call.shape(0);
  for (size_t i = 0; i < out.size(); ++i) {
    const int64_t begin = a.pads[i], end = a.pads[out.size() + i];
    if (std::max(begin, end) > Tensor::kMaxBytes || std::min(begin, end) < -out[i]) {
      return call.wrong("padding {} + {} does not fit axis {} of {}", begin, end, i, out[i]);
    }
    QUERN_CHECK(check_padding(call, a.mode, begin, end, out[i], i));
    out[i] += begin + end;
    if (out[i] < 0) return call.wrong("padding {} + {} takes more than axis {} has", begin, end, i);
  }
  return call.give(std::move(out), call.dtype(0));
}

Status transpose(InferCall& call) {
  auto& perm = call.attrs<TransposeAttrs>().perm;
  const Shape& x = call.shape(0);
  if (perm.empty()) {
    perm = counted(x.size());
    std::reverse(perm.begin(), perm.end());
  }
  if (perm.size() != x.size()) return call.wrong("perm names {} axes, but its input has {}", perm.size(), x.size());
  QUERN_CHECK(call.normalize_axes(perm, call.rank(0), "perm"));
  Shape out;
  for (int64_t axis : perm) out.push_back(x[static_cast<size_t>(axis)]);
  return call.give(std::move(out), call.dtype(0));
}

Status expand(InferCall& call) {
  auto& a = call.attrs<ShapeAttrs>();
  if (call.has(1)) {
    QUERN_TRY(a.shape, call.int_parameter(1, "shape"));
  }
  auto out = broadcast(call.shape(0), a.shape);
  if (!out) {
    return call.wrong("its input of shape {} does not broadcast with {}", to_string(call.shape(0)), to_string(a.shape));
  }
  return call.give(*std::move(out), call.dtype(0));
}

Status tile(InferCall& call) {
  auto& a = call.attrs<TileAttrs>();
  if (call.has(1)) {
    QUERN_TRY(a.repeats, call.int_parameter(1, "repeats"));
  }
  Shape out = call.shape(0);
  if (a.repeats.size() != out.size()) {
    return call.wrong("repeats has {} numbers, but its input has {} axes", a.repeats.size(), out.size());
  }
  for (size_t i = 0; i < out.size(); ++i) {
    const auto product = checked_mul(out[i], a.repeats[i]);
    if (a.repeats[i] < 0 || !product) return call.wrong("it repeats axis {} {} times", i, a.repeats[i]);
    out[i] = *product;
  }
  return call.give(std::move(out), call.dtype(0));
}

}  // namespace quern::infer_rules
