// Shapes of elements that change place.
#include <algorithm>
#include <optional>

#include "base/checked.h"
#include "base/error.h"
#include "plan/program_shapes.h"

namespace quern::shape_rules {

namespace {

const Shape& input_shape(const Computation& c) {
  return c.inputs[0].shape;
}

/// Elements from start in steps before end, both as graph/infer leaves them; nothing when they are not.
std::optional<int64_t> slice_count(int64_t start, int64_t end, int64_t step, int64_t extent) {
  if (step > 0 && 0 <= start && start <= end && end <= extent) return (end - start + step - 1) / step;
  if (end == -extent - 1) end = -1;  // before the first element
  if (step < 0 && -1 <= end && end <= start && start < extent) return (start - end - step - 1) / -step;
  return std::nullopt;
}

Status check_mirror(PadMode mode, int64_t begin, int64_t end, int64_t extent) {
  const int64_t most = std::max(begin, end);
  const bool mirrors = mode == PadMode::reflect || mode == PadMode::symmetric;
  if (!mirrors || most <= (mode == PadMode::reflect ? extent - 1 : extent)) return {};
  return fail(ErrorCode::invalid_file, "it mirrors {} elements of {}", most, extent);
}

}  // namespace

Status concat(const Computation& c) {
  const int64_t axis = std::get<AxisAttrs>(c.attrs).axis;
  QUERN_CHECK(check_axis(c, axis));
  const auto at = static_cast<size_t>(axis);
  Shape out = input_shape(c);
  for (size_t i = 1; i < c.inputs.size(); ++i) {
    Shape next = c.inputs[i].shape;
    if (next.size() == out.size()) {
      out[at] += next[at];
      next[at] = out[at];
    }
    if (next != out) {
      return fail(ErrorCode::invalid_file, "its inputs of shapes {} and {} differ outside axis {}",
                  to_string(input_shape(c)), to_string(c.inputs[i].shape), axis);
    }
  }
  return expect(c, out);
}

Status split(const Computation& c) {
  const auto& a = std::get<SplitAttrs>(c.attrs);
  QUERN_CHECK(check_axis(c, a.axis));
  const auto at = static_cast<size_t>(a.axis);
  if (a.sizes.size() != c.outputs.size()) {
    return fail(ErrorCode::invalid_file, "it has {} sizes, but {} outputs", a.sizes.size(), c.outputs.size());
  }
  int64_t sum = 0;
  for (size_t i = 0; i < a.sizes.size(); ++i) {
    Shape part = input_shape(c);
    part[at] = a.sizes[i];
    QUERN_CHECK(expect(c, part, i));
    sum += a.sizes[i];
  }
  if (sum == input_shape(c)[at]) return {};
  return fail(ErrorCode::invalid_file, "its sizes add up to {} instead of {}", sum, input_shape(c)[at]);
}

Status slice(const Computation& c) {
  const auto& a = std::get<SliceAttrs>(c.attrs);
  const size_t count = a.starts.size();
  if (a.ends.size() != count || a.axes.size() != count || a.steps.size() != count) {
    return fail(ErrorCode::invalid_file, "it has {} starts, {} ends, {} axes and {} steps", count, a.ends.size(),
                a.axes.size(), a.steps.size());
  }
  QUERN_CHECK(check_axes(c, a.axes));
  Shape out = input_shape(c);
  for (size_t i = 0; i < count; ++i) {
    int64_t& extent = out[static_cast<size_t>(a.axes[i])];
    const bool sane = a.steps[i] >= -Tensor::kMaxBytes && a.steps[i] <= Tensor::kMaxBytes;
    const auto along = sane ? slice_count(a.starts[i], a.ends[i], a.steps[i], extent) : std::nullopt;
    if (!along) {
      return fail(ErrorCode::invalid_file, "a slice from {} to {} in steps of {} does not fit an axis of {}",
                  a.starts[i], a.ends[i], a.steps[i], extent);
    }
    extent = *along;
  }
  return expect(c, out);
}

Status pad(const Computation& c) {
  const auto& a = std::get<PadAttrs>(c.attrs);
  const Shape& x = input_shape(c);
  if (!a.axes.empty() || a.pads.size() != 2 * x.size()) {
    return fail(ErrorCode::invalid_file, "it has {} pads and {} axes for {} axes", a.pads.size(), a.axes.size(),
                x.size());
  }
  Shape out = x;
  for (size_t i = 0; i < x.size(); ++i) {
    const int64_t begin = a.pads[i], end = a.pads[x.size() + i];
    if (std::max(begin, end) > Tensor::kMaxBytes || std::min(begin, end) < 0) {
      return fail(ErrorCode::invalid_file, "padding {} + {} does not fit axis {} of {}", begin, end, i, x[i]);
    }
    QUERN_CHECK(check_mirror(a.mode, begin, end, x[i]));
    out[i] += begin + end;
  }
  return expect(c, out);
}

Status transpose(const Computation& c) {
  const auto& perm = std::get<TransposeAttrs>(c.attrs).perm;
  const Shape& x = input_shape(c);
  if (perm.size() != x.size()) {
    return fail(ErrorCode::invalid_file, "perm names {} axes, but its input has {}", perm.size(), x.size());
  }
  QUERN_CHECK(check_axes(c, perm));
  Shape out;
  for (int64_t axis : perm) out.push_back(x[static_cast<size_t>(axis)]);
  return expect(c, out);
}

Status expand(const Computation& c) {
  const Shape& x = input_shape(c);
  const Shape& y = c.outputs[0].shape;
  bool fits = y.size() >= x.size();
  for (size_t i = 0; fits && i < x.size(); ++i) {
    const int64_t from = x[x.size() - 1 - i];
    fits = from == 1 || from == y[y.size() - 1 - i];
  }
  if (fits) return {};
  return fail(ErrorCode::invalid_file, "its input of shape {} does not expand to {}", to_string(x), to_string(y));
}

Status tile(const Computation& c) {
  const auto& repeats = std::get<TileAttrs>(c.attrs).repeats;
  Shape out = input_shape(c);
  if (repeats.size() != out.size()) {
    return fail(ErrorCode::invalid_file, "repeats has {} numbers, but its input has {} axes", repeats.size(),
                out.size());
  }
  for (size_t i = 0; i < out.size(); ++i) out[i] = checked_mul(out[i], repeats[i]).value_or(-1);
  return expect(c, out);
}

Status reshape(const Computation& c) {
  const auto have = element_count(input_shape(c)), want = element_count(c.outputs[0].shape);
  if (have.ok() && want.ok() && *have == *want) return {};
  return fail(ErrorCode::invalid_file, "its input of shape {} does not fill the shape {}", to_string(input_shape(c)),
              to_string(c.outputs[0].shape));
}

}  // namespace quern::shape_rules
