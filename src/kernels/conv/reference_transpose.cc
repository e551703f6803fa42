// Transposed convolution in floating point, gathered for each output element. Sums are in double and rounded once.
#include <algorithm>

#include "kernels/reference_kernel.h"

namespace quern {

namespace {

struct TransposeShape {
  int64_t in_h, in_w, in_c, out_h, out_w, out_c, kernel_h, kernel_w, group_in, group_out;
};

/// The input index that kernel step k carries to output index `out`, or -1.
int64_t source(int64_t out, int64_t k, int64_t stride, int64_t dilation, int64_t pad, int64_t extent) {
  const int64_t reach = out + pad - k * dilation;
  return reach >= 0 && reach % stride == 0 && reach / stride < extent ? reach / stride : -1;
}

template <typename T>
double gather(const TransposeShape& s, const ConvTransposeAttrs& a, const T* x, const T* w, int64_t oy, int64_t ox,
              int64_t o) {
  const int64_t first = o / s.group_out * s.group_in;
  double sum = 0;
  for (int64_t ky = 0; ky < s.kernel_h; ++ky) {
    const int64_t y = source(oy, ky, a.strides[0], a.dilations[0], a.pads[0], s.in_h);
    if (y < 0) continue;
    for (int64_t kx = 0; kx < s.kernel_w; ++kx) {
      const int64_t column = source(ox, kx, a.strides[1], a.dilations[1], a.pads[1], s.in_w);
      if (column < 0) continue;
      const T* pixel = x + (y * s.in_w + column) * s.in_c + first;
      const T* weights = w + ((o * s.kernel_h + ky) * s.kernel_w + kx) * s.group_in;
      for (int64_t i = 0; i < s.group_in; ++i) sum += static_cast<double>(pixel[i]) * static_cast<double>(weights[i]);
    }
  }
  return sum;
}

template <typename T>
std::unique_ptr<Kernel> make_conv_transpose(const OpCall& call) {
  const Shape& x = call.inputs[0].shape;
  const Shape& w = call.inputs[1].shape;
  const Shape& y = call.outputs[0].shape;
  const auto attrs = call.as<ConvTransposeAttrs>();
  const TransposeShape s{x[1], x[2], x[3], y[1], y[2], y[3], w[1], w[2], w[3], y[3] / attrs.groups};
  return make_kernel([s, attrs, rows = y[0] * y[1]](const Buffers& b, ThreadPool& pool) {
    const T* bias = b.in<T>(2);
    pool.parallel_for(rows, 1, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const T* image = b.in<T>(0) + row / s.out_h * s.in_h * s.in_w * s.in_c;
        T* out = b.out<T>(0) + row * s.out_w * s.out_c;
        for (int64_t ox = 0; ox < s.out_w; ++ox) {
          for (int64_t o = 0; o < s.out_c; ++o) {
            const double sum = gather(s, attrs, image, b.in<T>(1), row % s.out_h, ox, o) +
                               (bias != nullptr ? static_cast<double>(bias[o]) : 0.0);
            *out++ = std::min(std::max(static_cast<T>(sum), static_cast<T>(attrs.clamp.low)),
                              static_cast<T>(attrs.clamp.high));
          }
        }
      }
    });
  });
}

}  // namespace

std::unique_ptr<Kernel> conv_transpose_reference(const OpCall& call) {
  if (call.kind != OpKind::ConvTranspose || !plain(call) || !all_of_type(call, call.outputs[0].dtype)) return nullptr;
  return for_type(FloatTypes{}, call.outputs[0].dtype, [&](auto t) { return make_conv_transpose<decltype(t)>(call); });
}

}  // namespace quern
