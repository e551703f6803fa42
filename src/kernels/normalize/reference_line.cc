// What is computed along the lines of one axis: LpNorm, Lrn, CumSum. Sums are in double (64 bits, wrapping, for
// integers).
#include <algorithm>
#include <cmath>
#include <type_traits>

#include "kernels/reference_kernel.h"

namespace quern {

namespace {

/// A kernel that calls line(in, out, extent, step) for every line of `axis`; elements of a line are `step` apart.
template <typename T, typename Line>
std::unique_ptr<Kernel> along(const OpCall& call, int64_t axis, Line line) {
  const Shape& x = call.inputs[0].shape;
  const auto at = static_cast<size_t>(axis);
  const int64_t extent = x[at], inner = extent_product(x, at + 1, x.size());
  return make_kernel([=, lines = extent_product(x, 0, at) * inner](const Buffers& b, ThreadPool& pool) {
    pool.parallel_for(lines, grain_for(extent * 4), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t first = i / inner * inner * extent + i % inner;
        line(b.in<T>(0) + first, b.out<T>(0) + first, extent, inner);
      }
    });
  });
}

/// x / norm; a line of zeros stays.
template <typename T>
std::unique_ptr<Kernel> make_lp_norm(const OpCall& call) {
  const auto& attrs = call.as<LpNormAttrs>();
  return along<T>(call, attrs.axis, [squared = attrs.p == 2](const T* in, T* out, int64_t extent, int64_t step) {
    double sum = 0;
    for (int64_t i = 0; i < extent; ++i) {
      const auto x = static_cast<double>(in[i * step]);
      sum += squared ? x * x : std::abs(x);
    }
    const double norm = squared ? std::sqrt(sum) : sum;
    for (int64_t i = 0; i < extent; ++i) {
      out[i * step] = norm == 0 ? T{0} : static_cast<T>(static_cast<double>(in[i * step]) / norm);
    }
  });
}

/// ONNX's LRN: x / (bias + alpha / size * sum of squares of the `size` neighbours)^beta.
template <typename T>
std::unique_ptr<Kernel> make_lrn(const OpCall& call) {
  const auto attrs = call.as<LrnAttrs>();
  const int64_t before = (attrs.size - 1) / 2, after = attrs.size - 1 - before;
  const double scale = static_cast<double>(attrs.alpha) / static_cast<double>(attrs.size);
  return along<T>(call, attrs.axis, [=](const T* in, T* out, int64_t extent, int64_t step) {
    for (int64_t i = 0; i < extent; ++i) {
      double squares = 0;
      for (int64_t k = std::max<int64_t>(i - before, 0); k <= std::min(i + after, extent - 1); ++k) {
        squares += static_cast<double>(in[k * step]) * static_cast<double>(in[k * step]);
      }
      const double base = static_cast<double>(attrs.bias) + scale * squares;
      out[i * step] =
          static_cast<T>(static_cast<double>(in[i * step]) / std::pow(base, static_cast<double>(attrs.beta)));
    }
  });
}

template <typename T>
std::unique_ptr<Kernel> make_cum_sum(const OpCall& call) {
  const auto attrs = call.as<CumSumAttrs>();
  return along<T>(call, attrs.axis, [=](const T* in, T* out, int64_t extent, int64_t step) {
    std::conditional_t<std::is_floating_point_v<T>, double, uint64_t> sum{0};
    for (int64_t k = 0; k < extent; ++k) {
      const int64_t i = (attrs.reverse ? extent - 1 - k : k) * step;
      if (attrs.exclusive) out[i] = static_cast<T>(sum);
      sum += static_cast<decltype(sum)>(in[i]);
      if (!attrs.exclusive) out[i] = static_cast<T>(sum);
    }
  });
}

}  // namespace

std::unique_ptr<Kernel> line_reference(const OpCall& call) {
  if (!plain(call)) return nullptr;
  const DType type = call.outputs[0].dtype;
  switch (call.kind) {
    case OpKind::LpNorm:
      if (call.as<LpNormAttrs>().p != 1 && call.as<LpNormAttrs>().p != 2) return nullptr;
      return for_type(FloatTypes{}, type, [&](auto t) { return make_lp_norm<decltype(t)>(call); });
    case OpKind::Lrn:
      return for_type(FloatTypes{}, type, [&](auto t) { return make_lrn<decltype(t)>(call); });
    case OpKind::CumSum:
      return for_type(NumberTypes{}, type, [&](auto t) { return make_cum_sum<decltype(t)>(call); });
    default:
      return nullptr;
  }
}

}  // namespace quern
