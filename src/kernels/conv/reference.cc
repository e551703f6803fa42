// Convolution in floating point. The law: products are summed in double, whatever their order, and rounded once.
#include <algorithm>

#include "kernels/reference_kernel.h"

namespace quern {

namespace {

/// Extents of one convolution; channels are per group.
struct ConvShape {
  int64_t in_h, in_w, in_c, out_h, out_w, out_c, kernel_h, kernel_w, group_in, group_out;
};

ConvShape conv_shape(const OpCall& call, int64_t groups) {
  const Shape& x = call.inputs[0].shape;
  const Shape& w = call.inputs[1].shape;
  const Shape& y = call.outputs[0].shape;
  return {x[1], x[2], x[3], y[1], y[2], y[3], w[1], w[2], w[3], y[3] / groups};
}

/// One output element before bias: the window at (iy, ix) of image `x` with the weights of channel `o`.
template <typename T>
double window(const ConvShape& s, const ConvAttrs& a, const T* x, const T* w, int64_t iy, int64_t ix, int64_t o) {
  const int64_t first = o / s.group_out * s.group_in;
  double sum = 0;
  for (int64_t ky = 0; ky < s.kernel_h; ++ky) {
    const int64_t y = iy + ky * a.dilations[0];
    if (y < 0 || y >= s.in_h) continue;
    for (int64_t kx = 0; kx < s.kernel_w; ++kx) {
      const int64_t column = ix + kx * a.dilations[1];
      if (column < 0 || column >= s.in_w) continue;
      const T* pixel = x + (y * s.in_w + column) * s.in_c + first;
      const T* weights = w + ((o * s.kernel_h + ky) * s.kernel_w + kx) * s.group_in;
      for (int64_t i = 0; i < s.group_in; ++i) sum += static_cast<double>(pixel[i]) * static_cast<double>(weights[i]);
    }
  }
  return sum;
}

template <typename T>
std::unique_ptr<Kernel> make_conv(const OpCall& call) {
  const auto attrs = call.as<ConvAttrs>();
  const ConvShape s = conv_shape(call, attrs.groups);
  const int64_t rows = call.outputs[0].shape[0] * s.out_h;
  return make_kernel([=](const Buffers& b, ThreadPool& pool) {
    const T* bias = b.in<T>(2);
    pool.parallel_for(rows, 1, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const T* image = b.in<T>(0) + row / s.out_h * s.in_h * s.in_w * s.in_c;
        T* out = b.out<T>(0) + row * s.out_w * s.out_c;
        const int64_t iy = row % s.out_h * attrs.strides[0] - attrs.pads[0];
        for (int64_t ox = 0; ox < s.out_w; ++ox) {
          const int64_t ix = ox * attrs.strides[1] - attrs.pads[1];
          for (int64_t o = 0; o < s.out_c; ++o) {
            const double sum =
                window(s, attrs, image, b.in<T>(1), iy, ix, o) + (bias != nullptr ? static_cast<double>(bias[o]) : 0.0);
            *out++ = std::min(std::max(static_cast<T>(sum), static_cast<T>(attrs.clamp.low)),
                              static_cast<T>(attrs.clamp.high));
          }
        }
      }
    });
  });
}

}  // namespace

std::unique_ptr<Kernel> conv_reference(const OpCall& call) {
  if (call.kind != OpKind::Conv || !plain(call) || !all_of_type(call, call.outputs[0].dtype)) return nullptr;
  return for_type(FloatTypes{}, call.outputs[0].dtype, [&](auto t) { return make_conv<decltype(t)>(call); });
}

}  // namespace quern
