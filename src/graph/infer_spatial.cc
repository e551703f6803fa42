// Windows over H and W: convolutions, pools, and the two shuffles between depth and space.
#include <algorithm>

#include "graph/infer_rules.h"

namespace quern::infer_rules {

namespace {

/// Beyond any model, and small enough that no product of two of them and an extent overflows.
constexpr int64_t kMaxWindow = int64_t{1} << 20;
constexpr const char* kAxisNames[] = {"height", "width"};

/// One axis of a sliding window.
struct Window {
  int64_t input, kernel, stride, dilation;
  int64_t begin, end;  ///< padding
  int64_t reach() const { return (kernel - 1) * dilation + 1; }
};

Status check_numbers(const InferCall& call, const char* attribute, std::span<const int64_t> numbers, int64_t least) {
  for (int64_t n : numbers) {
    if (n < least || n > kMaxWindow) {
      return call.wrong("{} {} is outside {}…{}", attribute, n, least, kMaxWindow);
    }
  }
  return {};
}

/// Splits padding over both ends; `more_at_end` is where an odd one goes.
void distribute(int64_t total, bool more_at_end, Window& w) {
  w.begin = more_at_end ? total / 2 : total - total / 2;
  w.end = total - w.begin;
}

/// The output extent of a sliding window; turns auto_pad into w.begin and w.end.
Result<int64_t> slide(const InferCall& call, size_t axis, Window& w, AutoPad auto_pad, bool ceil_mode) {
  if (auto_pad == AutoPad::same_upper || auto_pad == AutoPad::same_lower) {
    const int64_t extent = (w.input + w.stride - 1) / w.stride;
    const int64_t total = std::max<int64_t>(0, (extent - 1) * w.stride + w.reach() - w.input);
    distribute(total, auto_pad == AutoPad::same_upper, w);
    return extent;
  }
  if (auto_pad == AutoPad::valid) w.begin = w.end = 0;
  const int64_t room = w.input + w.begin + w.end - w.reach();
  if (room < 0) {
    return call.wrong("its window of {} (kernel {}, dilation {}) does not fit the {} of {} with padding {} + {}",
                      w.reach(), w.kernel, w.dilation, kAxisNames[axis], w.input, w.begin, w.end);
  }
  int64_t extent = room / w.stride + 1;
  if (ceil_mode && room % w.stride != 0) {
    // The last window must start inside the input or its left padding.
    if (extent * w.stride < w.input + w.begin) ++extent;
  }
  return extent;
}

/// That every window of a pool sees at least one element: an average over none would divide by 0.
Status check_seen(const InferCall& call, size_t axis, const Window& w, int64_t outputs) {
  const auto empty = [&] {
    return call.cannot("padding {} + {} along {} leaves windows (kernel {}, dilation {}) that see only padding",
                       w.begin, w.end, kAxisNames[axis], w.kernel, w.dilation);
  };
  if (outputs > 0 && (outputs - 1) * w.stride - w.begin >= w.input) return empty();
  for (int64_t o = 0, start = -w.begin; o < outputs && start < 0; ++o, start += w.stride) {
    const int64_t first = (-start + w.dilation - 1) / w.dilation;
    if (first >= w.kernel || start + first * w.dilation >= w.input) return empty();
  }
  return {};
}

Status check_windows(const InferCall& call, const Pair& strides, const Pair& dilations, const Pads& pads) {
  QUERN_CHECK(check_numbers(call, "strides", strides, 1));
  QUERN_CHECK(check_numbers(call, "dilations", dilations, 1));
  return check_numbers(call, "pads", pads, 0);
}

/// Weights O KH KW I against input channels, groups, and bias.
Status check_weights(const InferCall& call, int64_t groups) {
  QUERN_CHECK(call.need_rank(0, 4, "[N, H, W, C]"));
  QUERN_CHECK(call.need_rank(1, 4, "[O, KH, KW, I]"));
  const int64_t channels = call.shape(0)[3];
  const Shape& w = call.shape(1);
  QUERN_CHECK(check_numbers(call, "kernel", std::span(w).subspan(1, 2), 1));
  if (groups < 1) return call.wrong("groups {} is less than 1", groups);
  if (channels % groups != 0) return call.wrong("groups {} does not divide {} input channels", groups, channels);
  if (w[0] % groups != 0) return call.wrong("groups {} does not divide {} output channels", groups, w[0]);
  if (w[3] != channels / groups) {
    return call.wrong("its weights of shape {} have {} input channels a group, but the input has {} in {} groups",
                      to_string(w), w[3], channels, groups);
  }
  if (call.has(2) && call.shape(2) != Shape{w[0]}) {
    return call.wrong("its bias has the shape {}, but there are {} output channels", to_string(call.shape(2)), w[0]);
  }
  return {};
}

/// The output extent of a transposed convolution; fills padding, and where asked for more than the windows reach,
/// `extra`.
Result<int64_t> spread(const InferCall& call, size_t axis, Window& w, int64_t& extra, const ConvTransposeAttrs& a) {
  const int64_t reach = w.stride * (w.input - 1) + extra + w.reach();
  const bool same = a.auto_pad == AutoPad::same_upper || a.auto_pad == AutoPad::same_lower;
  if (!a.output_shape.empty() || same) {
    const int64_t wanted = a.output_shape.empty() ? w.input * w.stride : a.output_shape[axis];
    distribute(std::max<int64_t>(0, reach - wanted), a.auto_pad == AutoPad::same_upper, w);
    extra += std::max<int64_t>(0, wanted - reach);
    return wanted;
  }
  if (a.auto_pad == AutoPad::valid) w.begin = w.end = 0;
  const int64_t extent = reach - w.begin - w.end;
  if (extent < 0)
    return call.wrong("padding {} + {} is more than its {} of {}", w.begin, w.end, kAxisNames[axis], reach);
  return extent;
}

}  // namespace

Status conv(InferCall& call) {
  auto& a = call.attrs<ConvAttrs>();
  QUERN_CHECK(check_windows(call, a.strides, a.dilations, a.pads));
  QUERN_CHECK(check_weights(call, a.groups));
  const Shape& x = call.shape(0);
  const Shape& w = call.shape(1);
  Shape out = {x[0], 0, 0, w[0]};
  for (size_t i = 0; i < 2; ++i) {
    Window window{x[1 + i], w[1 + i], a.strides[i], a.dilations[i], a.pads[i], a.pads[2 + i]};
    QUERN_TRY(out[1 + i], slide(call, i, window, a.auto_pad, false));
    a.pads[i] = window.begin;
    a.pads[2 + i] = window.end;
  }
  return call.give(std::move(out), call.dtype(0));
}

Status conv_transpose(InferCall& call) {
  auto& a = call.attrs<ConvTransposeAttrs>();
  QUERN_CHECK(check_windows(call, a.strides, a.dilations, a.pads));
  QUERN_CHECK(check_numbers(call, "output_padding", a.output_padding, 0));
  QUERN_CHECK(check_weights(call, a.groups));
  if (!a.output_shape.empty() && a.output_shape.size() != 2) {
    return call.wrong("output_shape has {} extents instead of height and width", a.output_shape.size());
  }
  const Shape& x = call.shape(0);
  const Shape& w = call.shape(1);
  Shape out = {x[0], 0, 0, w[0]};
  for (size_t i = 0; i < 2; ++i) {
    Window window{x[1 + i], w[1 + i], a.strides[i], a.dilations[i], a.pads[i], a.pads[2 + i]};
    QUERN_TRY(out[1 + i], spread(call, i, window, a.output_padding[i], a));
    a.pads[i] = window.begin;
    a.pads[2 + i] = window.end;
  }
  return call.give(std::move(out), call.dtype(0));
}

Status pool(InferCall& call) {
  auto& a = call.attrs<PoolAttrs>();
  QUERN_CHECK(call.need_rank(0, 4, "[N, H, W, C]"));
  QUERN_CHECK(check_numbers(call, "kernel", a.kernel, 1));
  QUERN_CHECK(check_windows(call, a.strides, a.dilations, a.pads));
  const Shape& x = call.shape(0);
  Shape out = x;
  for (size_t i = 0; i < 2; ++i) {
    Window window{x[1 + i], a.kernel[i], a.strides[i], a.dilations[i], a.pads[i], a.pads[2 + i]};
    QUERN_TRY(out[1 + i], slide(call, i, window, a.auto_pad, a.ceil_mode));
    QUERN_CHECK(check_seen(call, i, window, out[1 + i]));
    a.pads[i] = window.begin;
    a.pads[2 + i] = window.end;
  }
  return call.give(std::move(out), call.dtype(0));
}

Status depth_to_space(InferCall& call) {
  QUERN_CHECK(call.need_rank(0, 4, "[N, H, W, C]"));
  const int64_t block = call.attrs<BlockAttrs>().block;
  QUERN_CHECK(check_numbers(call, "block", {&block, 1}, 1));
  const Shape& x = call.shape(0);
  if (x[3] % (block * block) != 0) return call.wrong("block {} squared does not divide {} channels", block, x[3]);
  return call.give({x[0], x[1] * block, x[2] * block, x[3] / (block * block)}, call.dtype(0));
}

Status space_to_depth(InferCall& call) {
  QUERN_CHECK(call.need_rank(0, 4, "[N, H, W, C]"));
  const int64_t block = call.attrs<BlockAttrs>().block;
  QUERN_CHECK(check_numbers(call, "block", {&block, 1}, 1));
  const Shape& x = call.shape(0);
  if (x[1] % block != 0 || x[2] % block != 0) {
    return call.wrong("block {} does not divide the height {} and the width {}", block, x[1], x[2]);
  }
  return call.give({x[0], x[1] / block, x[2] / block, x[3] * block * block}, call.dtype(0));
}

}  // namespace quern::infer_rules
