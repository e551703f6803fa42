// Normalizations by moments. Means, variances and the scaling are computed in double and rounded once.
#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/reference_kernel.h"

namespace quern {

namespace {

/// Elements that are normalized together: outer x inner of them, by their steps.
struct Together {
  int64_t outer = 1, outer_step = 0, inner = 1, inner_step = 1;
};

template <typename Take>
void for_each(const Together& t, Take take) {
  for (int64_t o = 0; o < t.outer; ++o) {
    for (int64_t i = 0; i < t.inner; ++i) take(o * t.outer_step + i * t.inner_step);
  }
}

struct Moments {
  double mean = 0, variance = 0;
};

template <typename T>
Moments moments_of(const Together& t, const T* x) {
  const auto count = static_cast<double>(t.outer * t.inner);
  Moments m;
  for_each(t, [&](int64_t i) { m.mean += static_cast<double>(x[i]); });
  m.mean /= count;
  for_each(
      t, [&](int64_t i) { m.variance += (static_cast<double>(x[i]) - m.mean) * (static_cast<double>(x[i]) - m.mean); });
  m.variance /= count;
  return m;
}

template <typename T>
std::unique_ptr<Kernel> make_batch_norm(const OpCall& call) {
  const auto& attrs = call.as<NormAttrs>();
  const Shape& x = call.inputs[0].shape;
  const auto axis = static_cast<size_t>(attrs.axis);
  const int64_t channels = x[axis], inner = extent_product(x, axis + 1, x.size());
  return make_kernel([=, epsilon = static_cast<double>(attrs.epsilon), size = call.outputs[0].size()](
                         const Buffers& b, ThreadPool& pool) {
    std::vector<double> factor(static_cast<size_t>(channels)), mean(factor), bias(factor);
    for (size_t c = 0; c < factor.size(); ++c) {
      factor[c] = static_cast<double>(b.in<T>(1)[c]) / std::sqrt(static_cast<double>(b.in<T>(4)[c]) + epsilon);
      bias[c] = static_cast<double>(b.in<T>(2)[c]);
      mean[c] = static_cast<double>(b.in<T>(3)[c]);
    }
    pool.parallel_for(size / (inner > 0 ? inner : 1), grain_for(inner), [&](int64_t begin, int64_t end) {
      for (int64_t line = begin; line < end; ++line) {
        const auto c = static_cast<size_t>(line % channels);
        for (int64_t i = line * inner; i < (line + 1) * inner; ++i) {
          b.out<T>(0)[i] = static_cast<T>((static_cast<double>(b.in<T>(0)[i]) - mean[c]) * factor[c] + bias[c]);
        }
      }
    });
  });
}

/// Each image and channel by itself: every axis but 0 and the channel axis is averaged.
template <typename T>
std::unique_ptr<Kernel> make_instance_norm(const OpCall& call) {
  const auto& attrs = call.as<NormAttrs>();
  const Shape& x = call.inputs[0].shape;
  const auto axis = static_cast<size_t>(attrs.axis);
  const int64_t channels = x[axis], inner = extent_product(x, axis + 1, x.size());
  const int64_t outer = extent_product(x, 1, axis);
  const Together t{outer, channels * inner, inner, 1};
  return make_kernel([=, epsilon = static_cast<double>(attrs.epsilon), images = x[0]](const Buffers& b,
                                                                                      ThreadPool& pool) {
    pool.parallel_for(images * channels, 1, [&](int64_t begin, int64_t end) {
      for (int64_t k = begin; k < end; ++k) {
        const int64_t c = k % channels, first = k / channels * outer * channels * inner + c * inner;
        const T* in = b.in<T>(0) + first;
        T* out = b.out<T>(0) + first;
        const Moments m = moments_of(t, in);
        const double factor = static_cast<double>(b.in<T>(1)[c]) / std::sqrt(m.variance + epsilon);
        for_each(t, [&](int64_t i) {
          out[i] = static_cast<T>((static_cast<double>(in[i]) - m.mean) * factor + static_cast<double>(b.in<T>(2)[c]));
        });
      }
    });
  });
}

template <typename T>
std::unique_ptr<Kernel> make_layer_norm(const OpCall& call) {
  const auto& attrs = call.as<NormAttrs>();
  const Shape& x = call.inputs[0].shape;
  const auto axis = static_cast<size_t>(attrs.axis);
  const int64_t inner = extent_product(x, axis, x.size()), lines = extent_product(x, 0, axis);
  const int64_t scales = call.inputs[1].size();
  const int64_t biases = call.has_input(2) ? call.inputs[2].size() : 1;
  // A scale of the trailing axes repeats; any other broadcast is not done here.
  if (scales < 1 || biases < 1 || inner % scales != 0 || inner % biases != 0) return nullptr;
  return make_kernel([=, epsilon = static_cast<double>(attrs.epsilon)](const Buffers& b, ThreadPool& pool) {
    pool.parallel_for(lines, grain_for(inner * 3), [&](int64_t begin, int64_t end) {
      for (int64_t line = begin; line < end; ++line) {
        const T* in = b.in<T>(0) + line * inner;
        const T* bias = b.in<T>(2);
        const Moments m = moments_of({1, 0, inner, 1}, in);
        const double factor = 1.0 / std::sqrt(m.variance + epsilon);
        for (int64_t i = 0; i < inner; ++i) {
          const double add = bias != nullptr ? static_cast<double>(bias[i % biases]) : 0.0;
          const double scaled =
              (static_cast<double>(in[i]) - m.mean) * factor * static_cast<double>(b.in<T>(1)[i % scales]);
          b.out<T>(0)[line * inner + i] = static_cast<T>(scaled + add);
        }
      }
    });
  });
}

/// Whether the last axes of `from` are `part`, once leading extents of 1 of `part` are left away.
bool is_tail(const Shape& from, Shape part) {
  while (!part.empty() && part.front() == 1) part.erase(part.begin());
  return part.size() <= from.size() && std::equal(part.rbegin(), part.rend(), from.rbegin());
}

/// ONNX's MeanVarianceNormalization: (x - mean) / (deviation + 1e-9).
template <typename T>
std::unique_ptr<Kernel> make_mean_variance_norm(const OpCall& call) {
  constexpr double kEpsilon = 1e-9;
  const Shape& x = call.inputs[0].shape;
  const Ints axes = call.as<AxesAttrs>().axes;
  const Shape strides = strides_of(x);
  // Offsets of the elements of one group, and of the first element of every group.
  std::vector<int64_t> together{0}, first{0};
  for (size_t axis = 0; axis < x.size(); ++axis) {
    const bool averaged = axes.empty() || std::count(axes.begin(), axes.end(), static_cast<int64_t>(axis)) > 0;
    auto& offsets = averaged ? together : first;
    std::vector<int64_t> next;
    for (const int64_t offset : offsets) {
      for (int64_t i = 0; i < x[axis]; ++i) next.push_back(offset + i * strides[axis]);
    }
    offsets = std::move(next);
  }
  return make_kernel([together, first](const Buffers& b, ThreadPool& pool) {
    const auto count = static_cast<double>(together.size());
    pool.parallel_for(static_cast<int64_t>(first.size()), 1, [&](int64_t begin, int64_t end) {
      for (int64_t k = begin; k < end; ++k) {
        const T* in = b.in<T>(0) + first[static_cast<size_t>(k)];
        T* out = b.out<T>(0) + first[static_cast<size_t>(k)];
        double mean = 0, variance = 0;
        for (const int64_t i : together) mean += static_cast<double>(in[i]) / count;
        for (const int64_t i : together)
          variance += (static_cast<double>(in[i]) - mean) * (static_cast<double>(in[i]) - mean) / count;
        const double deviation = std::sqrt(variance) + kEpsilon;
        for (const int64_t i : together) out[i] = static_cast<T>((static_cast<double>(in[i]) - mean) / deviation);
      }
    });
  });
}

template <typename T>
std::unique_ptr<Kernel> make_norm(const OpCall& call) {
  switch (call.kind) {
    case OpKind::BatchNorm:
      return make_batch_norm<T>(call);
    case OpKind::InstanceNorm:
      return make_instance_norm<T>(call);
    case OpKind::LayerNorm:
      return make_layer_norm<T>(call);
    case OpKind::MeanVarianceNorm:
      return make_mean_variance_norm<T>(call);
    default:
      return nullptr;
  }
}

}  // namespace

std::unique_ptr<Kernel> norm_reference(const OpCall& call) {
  if (info(call.kind).family != OpFamily::along || !plain(call) || !all_of_type(call, call.outputs[0].dtype))
    return nullptr;
  if (call.kind == OpKind::LayerNorm) {
    for (size_t i = 1; i < call.inputs.size(); ++i) {
      if (call.has_input(i) && !is_tail(call.inputs[0].shape, call.inputs[i].shape)) return nullptr;
    }
  }
  return for_type(FloatTypes{}, call.outputs[0].dtype, [&](auto t) { return make_norm<decltype(t)>(call); });
}

}  // namespace quern
