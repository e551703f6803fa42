// Reductions of plain numbers. Floating point is accumulated in double and rounded once. Integers are accumulated in
// 64 bits and wrap around; what has a fraction (means, norms, logarithms) is truncated towards zero.
#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

#include "kernels/reference_kernel.h"
#include "kernels/saturate.h"

namespace quern {

namespace {

/// Extents and strides of the axes that stay and of those that are reduced, neighbours merged.
struct Split {
  Shape kept, kept_strides, gone, gone_strides;
  int64_t outputs = 1, count = 1;  ///< products of kept and gone
};

Split split_axes(const Shape& shape, const ReduceAttrs& attrs) {
  const bool all = attrs.axes.empty() && !attrs.noop_with_empty_axes;
  const Shape strides = strides_of(shape);
  Split split;
  for (size_t i = 0; i < shape.size(); ++i) {
    const bool reduced = all || std::count(attrs.axes.begin(), attrs.axes.end(), static_cast<int64_t>(i)) > 0;
    Shape& extents = reduced ? split.gone : split.kept;
    Shape& steps = reduced ? split.gone_strides : split.kept_strides;
    (reduced ? split.count : split.outputs) *= shape[i];
    if (!extents.empty() && steps.back() == strides[i] * shape[i]) {
      extents.back() *= shape[i];
      steps.back() = strides[i];
    } else {
      extents.push_back(shape[i]);
      steps.push_back(strides[i]);
    }
  }
  return split;
}

int64_t offset_of(const Shape& extents, const Shape& strides, int64_t flat) {
  int64_t offset = 0;
  for (size_t i = extents.size(); i-- > 0; flat /= extents[i]) offset += flat % extents[i] * strides[i];
  return offset;
}

/// Calls take(x) for each element that is reduced into one output, in row-major order.
template <typename T, typename Take>
void for_each_gone(const Split& s, const T* in, Take take) {
  if (s.gone.empty()) return take(*in);
  const int64_t width = s.gone.back(), step = s.gone_strides.back();
  for (int64_t at = 0; at < s.count; at += width) {
    const T* row = in + offset_of(s.gone, s.gone_strides, at);
    for (int64_t i = 0; i < width; ++i) take(row[i * step]);
  }
}

/// Double for floating point, a 64-bit integer that wraps around for integers.
template <typename T>
using Sum = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;

/// Sum of f(x), or product.
template <typename T, typename F>
Sum<T> sum_of(const Split& s, const T* in, F f) {
  Sum<T> sum{0};
  for_each_gone(s, in, [&](T x) { sum += f(static_cast<Sum<T>>(x)); });
  return sum;
}

template <typename T>
double sum_of_squares(const Split& s, const T* in) {
  double sum = 0;
  for_each_gone(s, in, [&](T x) { sum += static_cast<double>(x) * static_cast<double>(x); });
  return sum;
}

/// The sum as a number with a sign.
template <typename T>
double as_real(Sum<T> sum) {
  if constexpr (std::is_signed_v<T> && std::is_integral_v<T>) return static_cast<double>(static_cast<int64_t>(sum));
  return static_cast<double>(sum);
}

struct Mean {
  template <typename T>
  static T of(const Split& s, const T* in) {
    const Sum<T> sum = sum_of(s, in, [](auto x) { return x; });
    if constexpr (std::is_floating_point_v<T>) return static_cast<T>(sum / static_cast<double>(s.count));
    if (s.count == 0) return T{0};
    if constexpr (std::is_signed_v<T>) return static_cast<T>(static_cast<int64_t>(sum) / s.count);
    return static_cast<T>(sum / static_cast<Sum<T>>(s.count));
  }
};
struct Total {
  template <typename T>
  static T of(const Split& s, const T* in) {
    return static_cast<T>(sum_of(s, in, [](auto x) { return x; }));
  }
};
struct Most {
  template <typename T>
  static T of(const Split& s, const T* in) {
    T best = std::is_floating_point_v<T> ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::lowest();
    for_each_gone(s, in, [&](T x) { best = x > best || x != x ? x : best; });
    return best;
  }
};
struct Least {
  template <typename T>
  static T of(const Split& s, const T* in) {
    T best = std::is_floating_point_v<T> ? std::numeric_limits<T>::infinity() : std::numeric_limits<T>::max();
    for_each_gone(s, in, [&](T x) { best = x < best || x != x ? x : best; });
    return best;
  }
};
struct Prod {
  template <typename T>
  static T of(const Split& s, const T* in) {
    Sum<T> product{1};
    for_each_gone(s, in, [&](T x) { product *= static_cast<Sum<T>>(x); });
    return static_cast<T>(product);
  }
};
struct L1 {
  template <typename T>
  static T of(const Split& s, const T* in) {
    if constexpr (std::is_floating_point_v<T>) {
      return static_cast<T>(sum_of(s, in, [](double x) { return std::abs(x); }));
    } else {
      return static_cast<T>(sum_of(s, in, [](uint64_t x) { return std::is_signed_v<T> && x >> 63 != 0 ? -x : x; }));
    }
  }
};
struct L2 {
  template <typename T>
  static T of(const Split& s, const T* in) {
    return saturated<T>(std::sqrt(sum_of_squares(s, in)));
  }
};
struct SumSquare {
  template <typename T>
  static T of(const Split& s, const T* in) {
    return static_cast<T>(sum_of(s, in, [](auto x) { return x * x; }));
  }
};
struct LogSum {
  template <typename T>
  static T of(const Split& s, const T* in) {
    return saturated<T>(std::log(as_real<T>(sum_of(s, in, [](auto x) { return x; }))));
  }
};
struct LogSumExp {
  template <typename T>
  static T of(const Split& s, const T* in) {
    double most = -std::numeric_limits<double>::infinity();
    for_each_gone(s, in, [&](T x) { most = std::max(most, static_cast<double>(x)); });
    if (!std::isfinite(most)) return saturated<T>(most);
    double sum = 0;
    for_each_gone(s, in, [&](T x) { sum += std::exp(static_cast<double>(x) - most); });
    return saturated<T>(most + std::log(sum));
  }
};

template <typename How>
std::unique_ptr<Kernel> make_reduce(const OpCall& call) {
  return for_type(NumberTypes{}, call.inputs[0].dtype, [&](auto t) {
    using T = decltype(t);
    return make_kernel(
        [s = split_axes(call.inputs[0].shape, call.as<ReduceAttrs>())](const Buffers& b, ThreadPool& pool) {
          pool.parallel_for(s.outputs, grain_for(s.count), [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
              b.out<T>(0)[i] = How::of(s, b.in<T>(0) + offset_of(s.kept, s.kept_strides, i));
            }
          });
        });
  });
}

}  // namespace

std::unique_ptr<Kernel> reduce_reference(const OpCall& call) {
  if (!std::holds_alternative<ReduceAttrs>(call.attrs) || !plain(call)) return nullptr;
  if (!all_of_type(call, call.outputs[0].dtype)) return nullptr;
  switch (call.kind) {
    case OpKind::ReduceMean:
      return make_reduce<Mean>(call);
    case OpKind::ReduceSum:
      return make_reduce<Total>(call);
    case OpKind::ReduceMax:
      return make_reduce<Most>(call);
    case OpKind::ReduceMin:
      return make_reduce<Least>(call);
    case OpKind::ReduceProd:
      return make_reduce<Prod>(call);
    case OpKind::ReduceL1:
      return make_reduce<L1>(call);
    case OpKind::ReduceL2:
      return make_reduce<L2>(call);
    case OpKind::ReduceSumSquare:
      return make_reduce<SumSquare>(call);
    case OpKind::ReduceLogSum:
      return make_reduce<LogSum>(call);
    case OpKind::ReduceLogSumExp:
      return make_reduce<LogSumExp>(call);
    default:
      return nullptr;
  }
}

}  // namespace quern
