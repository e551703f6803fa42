// Pools. Averages are summed in double and rounded once; the greatest element is a copy, so MaxPool takes every number
// type, and quantized codes when input and output share them (codes rise with the reals they stand for).
#include <algorithm>
#include <limits>

#include "kernels/reference_kernel.h"

namespace quern {

namespace {

struct PoolShape {
  int64_t in_h, in_w, channels, out_h, out_w, rows;
};

PoolShape pool_shape(const OpCall& call) {
  const Shape& x = call.inputs[0].shape;
  const Shape& y = call.outputs[0].shape;
  return {x[1], x[2], x[3], y[1], y[2], y[0] * y[1]};
}

/// Where a window meets the input: kernel steps [first, last) along one axis, and how many of its steps count as padded
/// input. Steps beyond the padding (which ceil_mode allows) count for nothing.
struct Span {
  int64_t start, first, last, padded;
};

Span clip(int64_t out, int64_t stride, int64_t dilation, int64_t kernel, int64_t extent, int64_t before,
          int64_t after) {
  Span span{out * stride - before, 0, kernel, 0};
  while (span.first < kernel && span.start + span.first * dilation < 0) ++span.first;
  while (span.last > span.first && span.start + (span.last - 1) * dilation >= extent) --span.last;
  for (int64_t k = 0; k < kernel; ++k) span.padded += span.start + k * dilation < extent + after ? 1 : 0;
  return span;
}

/// Calls pixel(out, image, y, x) for each output pixel with the two spans of its window.
template <typename T, typename Pixel>
void for_each_window(const PoolShape& s, const PoolAttrs& a, const Buffers& b, ThreadPool& pool, Pixel pixel) {
  pool.parallel_for(s.rows, 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const T* image = b.in<T>(0) + row / s.out_h * s.in_h * s.in_w * s.channels;
      const Span y = clip(row % s.out_h, a.strides[0], a.dilations[0], a.kernel[0], s.in_h, a.pads[0], a.pads[2]);
      for (int64_t ox = 0; ox < s.out_w; ++ox) {
        const Span x = clip(ox, a.strides[1], a.dilations[1], a.kernel[1], s.in_w, a.pads[1], a.pads[3]);
        pixel(b.out<T>(0) + (row * s.out_w + ox) * s.channels, image, y, x);
      }
    }
  });
}

/// Calls element(value) for channel `c` of every input pixel of the window, rows first.
template <typename T, typename Element>
void for_each_element(const PoolShape& s, const PoolAttrs& a, const T* image, const Span& y, const Span& x, int64_t c,
                      Element element) {
  for (int64_t ky = y.first; ky < y.last; ++ky) {
    for (int64_t kx = x.first; kx < x.last; ++kx) {
      const int64_t pixel = (y.start + ky * a.dilations[0]) * s.in_w + x.start + kx * a.dilations[1];
      element(image[pixel * s.channels + c]);
    }
  }
}

template <typename T>
T clamped(T value, const Clamp& clamp) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::min(std::max(value, static_cast<T>(clamp.low)), static_cast<T>(clamp.high));
  } else {
    return value;
  }
}

template <typename T>
T lowest() {
  if constexpr (std::is_floating_point_v<T>) return -std::numeric_limits<T>::infinity();
  return std::numeric_limits<T>::lowest();
}

template <typename T>
std::unique_ptr<Kernel> make_max(const OpCall& call) {
  const auto attrs = call.as<PoolAttrs>();
  if (!std::is_floating_point_v<T> && attrs.clamp.active()) return nullptr;
  return make_kernel([attrs, s = pool_shape(call)](const Buffers& b, ThreadPool& pool) {
    for_each_window<T>(s, attrs, b, pool, [&](T* out, const T* image, const Span& y, const Span& x) {
      for (int64_t c = 0; c < s.channels; ++c) {
        T best = lowest<T>();
        for_each_element(s, attrs, image, y, x, c, [&](T v) { best = std::max(best, v); });
        out[c] = clamped(best, attrs.clamp);
      }
    });
  });
}

template <typename T>
std::unique_ptr<Kernel> make_average(const OpCall& call) {
  const auto attrs = call.as<PoolAttrs>();
  return make_kernel([attrs, s = pool_shape(call)](const Buffers& b, ThreadPool& pool) {
    for_each_window<T>(s, attrs, b, pool, [&](T* out, const T* image, const Span& y, const Span& x) {
      const int64_t inside = (y.last - y.first) * (x.last - x.first);
      const int64_t count = attrs.count_include_pad ? y.padded * x.padded : inside;
      for (int64_t c = 0; c < s.channels; ++c) {
        double sum = 0;
        for_each_element(s, attrs, image, y, x, c, [&](T v) { sum += static_cast<double>(v); });
        out[c] = clamped(static_cast<T>(count > 0 ? sum / static_cast<double>(count) : 0.0), attrs.clamp);
      }
    });
  });
}

}  // namespace

std::unique_ptr<Kernel> max_pool_reference(const OpCall& call) {
  if (call.kind != OpKind::MaxPool || !same_codes(call.inputs[0], call.outputs[0])) return nullptr;
  return for_type(NumberTypes{}, call.inputs[0].dtype, [&](auto t) { return make_max<decltype(t)>(call); });
}

std::unique_ptr<Kernel> average_pool_reference(const OpCall& call) {
  if (call.kind != OpKind::AveragePool || !plain(call) || !all_of_type(call, call.outputs[0].dtype)) return nullptr;
  return for_type(FloatTypes{}, call.inputs[0].dtype, [&](auto t) { return make_average<decltype(t)>(call); });
}

}  // namespace quern
