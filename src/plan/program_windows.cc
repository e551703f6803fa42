// Shapes of windows over H and W.
#include <algorithm>

#include "base/error.h"
#include "plan/program_pieces.h"
#include "plan/program_shapes.h"

namespace quern::shape_rules {

namespace {

/// The most a stride, a dilation, a pad or a kernel may be: far beyond any model, and no product of them overflows.
constexpr int64_t kMaxWindow = 4096;

template <typename List>
Status check_numbers(const char* what, const List& numbers, int64_t least) {
  for (int64_t n : numbers) {
    if (n < least || n > kMaxWindow) {
      return fail(ErrorCode::invalid_file, "{} {} is outside {}…{}", what, n, least, kMaxWindow);
    }
  }
  return {};
}

template <typename A>
Status check_window(const A& a, const Pair& kernel) {
  QUERN_CHECK(check_numbers("kernel", kernel, 1));
  QUERN_CHECK(check_numbers("strides", a.strides, 1));
  QUERN_CHECK(check_numbers("dilations", a.dilations, 1));
  return check_numbers("pads", a.pads, 0);
}

Status need_four_axes(const Computation& c, size_t i) {
  if (c.inputs[i].shape.size() == 4) return {};
  return fail(ErrorCode::invalid_file, "its input {} has the shape {} instead of four axes", i,
              to_string(c.inputs[i].shape));
}

/// x N H W C, weights O KH KW I, bias O.
template <typename A>
Status check_product(const Computation& c, const A& a) {
  QUERN_CHECK(need_four_axes(c, 0));
  QUERN_CHECK(need_four_axes(c, 1));
  const Shape& x = c.inputs[0].shape;
  const Shape& w = c.inputs[1].shape;
  QUERN_CHECK(check_window(a, {w[1], w[2]}));
  if (a.groups < 1 || x[3] % a.groups != 0 || w[0] % a.groups != 0 || w[3] != x[3] / a.groups) {
    return fail(ErrorCode::invalid_file, "weights of shape {} do not fit {} channels in {} groups", to_string(w), x[3],
                a.groups);
  }
  if (c.inputs.size() > 2 && !is_absent(c.inputs[2]) && c.inputs[2].shape != Shape{w[0]}) {
    return fail(ErrorCode::invalid_file, "its bias has the shape {}, but there are {} output channels",
                to_string(c.inputs[2].shape), w[0]);
  }
  return {};
}

/// One axis of a sliding window.
struct Window {
  int64_t input, kernel, stride, dilation, begin, end;
  int64_t reach() const { return (kernel - 1) * dilation + 1; }
  int64_t room() const { return input + begin + end - reach(); }
};

Result<int64_t> slide(const Window& w, bool ceil_mode) {
  if (w.room() < 0) {
    return fail(ErrorCode::invalid_file, "its window of {} does not fit {} with padding {} + {}", w.reach(), w.input,
                w.begin, w.end);
  }
  int64_t extent = w.room() / w.stride + 1;
  if (ceil_mode && w.room() % w.stride != 0 && extent * w.stride < w.input + w.begin) ++extent;
  return extent;
}

/// That every window of a pool sees an element of its input.
bool all_see(const Window& w, int64_t outputs) {
  if ((outputs - 1) * w.stride - w.begin >= w.input) return false;
  for (int64_t o = 0, start = -w.begin; o < outputs && start < 0; ++o, start += w.stride) {
    const int64_t first = (-start + w.dilation - 1) / w.dilation;
    if (first >= w.kernel || start + first * w.dilation >= w.input) return false;
  }
  return true;
}

template <typename A>
Window window_of(const A& a, const Shape& x, const Pair& kernel, size_t i) {
  return {x[1 + i], kernel[i], a.strides[i], a.dilations[i], a.pads[i], a.pads[2 + i]};
}

}  // namespace

Status conv(const Computation& c) {
  const auto& a = std::get<ConvAttrs>(c.attrs);
  QUERN_CHECK(check_product(c, a));
  const Shape& x = c.inputs[0].shape;
  const Shape& w = c.inputs[1].shape;
  Shape out = {x[0], 0, 0, w[0]};
  for (size_t i = 0; i < 2; ++i) {
    QUERN_TRY(out[1 + i], slide(window_of(a, x, {w[1], w[2]}, i), false));
  }
  return expect(c, out);
}

Status conv_transpose(const Computation& c) {
  const auto& a = std::get<ConvTransposeAttrs>(c.attrs);
  QUERN_CHECK(check_product(c, a));
  QUERN_CHECK(check_numbers("output_padding", a.output_padding, 0));
  const Shape& x = c.inputs[0].shape;
  const Shape& w = c.inputs[1].shape;
  Shape out = {x[0], 0, 0, w[0]};
  for (size_t i = 0; i < 2; ++i) {
    const Window window = window_of(a, x, {w[1], w[2]}, i);
    out[1 + i] = window.stride * (window.input - 1) + a.output_padding[i] + window.reach() - window.begin - window.end;
  }
  return expect(c, out);
}

Status pool(const Computation& c) {
  const auto& a = std::get<PoolAttrs>(c.attrs);
  QUERN_CHECK(need_four_axes(c, 0));
  QUERN_CHECK(check_window(a, a.kernel));
  Shape out = c.inputs[0].shape;
  for (size_t i = 0; i < 2; ++i) {
    const Window window = window_of(a, c.inputs[0].shape, a.kernel, i);
    QUERN_TRY(out[1 + i], slide(window, a.ceil_mode));
    if (!all_see(window, out[1 + i])) {
      return fail(ErrorCode::invalid_file, "padding {} + {} leaves windows of {} that see only padding", window.begin,
                  window.end, window.kernel);
    }
  }
  return expect(c, out);
}

Status depth_to_space(const Computation& c) {
  const int64_t block = std::get<BlockAttrs>(c.attrs).block;
  QUERN_CHECK(need_four_axes(c, 0));
  QUERN_CHECK(check_numbers("block", Ints{block}, 1));
  const Shape& x = c.inputs[0].shape;
  if (x[3] % (block * block) != 0) {
    return fail(ErrorCode::invalid_file, "block {} squared does not divide {} channels", block, x[3]);
  }
  return expect(c, {x[0], x[1] * block, x[2] * block, x[3] / (block * block)});
}

Status space_to_depth(const Computation& c) {
  const int64_t block = std::get<BlockAttrs>(c.attrs).block;
  QUERN_CHECK(need_four_axes(c, 0));
  QUERN_CHECK(check_numbers("block", Ints{block}, 1));
  const Shape& x = c.inputs[0].shape;
  if (x[1] % block != 0 || x[2] % block != 0) {
    return fail(ErrorCode::invalid_file, "block {} does not divide {}", block, to_string(x));
  }
  return expect(c, {x[0], x[1] / block, x[2] / block, x[3] * block * block});
}

}  // namespace quern::shape_rules
