// Softmax and LogSoftmax, made stable by taking the greatest element away first. Sums are in double.
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/reference_kernel.h"

namespace quern {

namespace {

/// One line of `extent` elements, `step` apart.
template <typename T>
void softmax_line(const T* in, T* out, int64_t extent, int64_t step, T beta, bool log) {
  T most = -std::numeric_limits<T>::infinity();
  for (int64_t i = 0; i < extent; ++i) most = std::max(most, in[i * step]);
  double sum = 0;
  for (int64_t i = 0; i < extent; ++i) {
    const T shifted = beta * (in[i * step] - most);
    const T power = std::exp(shifted);
    sum += static_cast<double>(power);
    out[i * step] = log ? shifted : power;
  }
  const double log_sum = log ? std::log(sum) : 0.0;
  for (int64_t i = 0; i < extent; ++i) {
    const auto value = static_cast<double>(out[i * step]);
    out[i * step] = static_cast<T>(log ? value - log_sum : value / sum);
  }
}

template <typename T>
std::unique_ptr<Kernel> make_softmax(const OpCall& call) {
  const auto& attrs = call.as<SoftmaxAttrs>();
  const Shape& shape = call.inputs[0].shape;
  const auto axis = static_cast<size_t>(attrs.axis);
  const int64_t extent = shape.empty() ? 1 : shape[axis];
  const int64_t inner = shape.empty() ? 1 : extent_product(shape, axis + 1, shape.size());
  const int64_t lines = (shape.empty() ? 1 : extent_product(shape, 0, axis)) * inner;
  const bool log = call.kind == OpKind::LogSoftmax;
  return make_kernel([=, beta = static_cast<T>(attrs.beta)](const Buffers& b, ThreadPool& pool) {
    pool.parallel_for(lines, grain_for(extent * 8), [&](int64_t begin, int64_t end) {
      for (int64_t line = begin; line < end; ++line) {
        const int64_t at = line / inner * inner * extent + line % inner;
        softmax_line(b.in<T>(0) + at, b.out<T>(0) + at, extent, inner, beta, log);
      }
    });
  });
}

}  // namespace

std::unique_ptr<Kernel> softmax_reference(const OpCall& call) {
  if (call.kind != OpKind::Softmax && call.kind != OpKind::LogSoftmax) return nullptr;
  if (!plain(call) || !all_of_type(call, call.outputs[0].dtype)) return nullptr;
  return for_type(FloatTypes{}, call.outputs[0].dtype, [&](auto t) { return make_softmax<decltype(t)>(call); });
}

}  // namespace quern
