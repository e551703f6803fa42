// Resize. Nearest is a move of any type; linear and cubic run over one axis after the other, sums in double, rounded to
// the element's type between axes.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "kernels/move/index_map.h"
#include "kernels/reference_kernel.h"
#include "kernels/resize/coordinates.h"

namespace quern {

namespace {

int64_t nearest_index(float position, NearestMode mode) {
  switch (mode) {
    case NearestMode::round_prefer_floor:
      return static_cast<int64_t>(position == std::trunc(position) + 0.5f ? std::floor(position)
                                                                          : std::round(position));
    case NearestMode::round_prefer_ceil:
      return static_cast<int64_t>(std::round(position));
    case NearestMode::floor:
      return static_cast<int64_t>(std::floor(position));
    case NearestMode::ceil:
      return static_cast<int64_t>(std::ceil(position));
  }
  return 0;
}

std::vector<int64_t> nearest_table(const ResizeAxis& axis, NearestMode mode) {
  std::vector<int64_t> table(static_cast<size_t>(axis.out));
  for (size_t i = 0; i < table.size(); ++i) {
    const float position = source_position(axis, static_cast<int64_t>(i));
    table[i] =
        extrapolates(axis, position) ? kFill : std::clamp<int64_t>(nearest_index(position, mode), 0, axis.in - 1);
  }
  return table;
}

/// One axis of a linear or cubic resize: outer x in x inner elements become outer x out x inner.
struct Pass {
  int64_t outer = 1, in = 1, out = 1, inner = 1;
  AxisTaps taps;
};

template <typename T>
void run_pass(const Pass& pass, const T* in, T* out, ThreadPool& pool) {
  pool.parallel_for(pass.outer * pass.out, grain_for(pass.inner * pass.taps.count), [&](int64_t begin, int64_t end) {
    std::vector<double> sums(static_cast<size_t>(pass.inner));
    for (int64_t line = begin; line < end; ++line) {
      std::fill(sums.begin(), sums.end(), 0.0);
      const T* image = in + line / pass.out * pass.in * pass.inner;
      for (int64_t k = 0; k < pass.taps.count; ++k) {
        const auto tap = static_cast<size_t>(line % pass.out * pass.taps.count + k);
        const double weight = pass.taps.weights[tap];
        if (weight == 0) continue;  // so that what has no weight spreads no NaN
        const T* row = image + pass.taps.indices[tap] * pass.inner;
        for (size_t i = 0; i < sums.size(); ++i) sums[i] += weight * static_cast<double>(row[i]);
      }
      for (size_t i = 0; i < sums.size(); ++i)
        out[line * pass.inner + static_cast<int64_t>(i)] = static_cast<T>(sums[i]);
    }
  });
}

/// The axes that change anything, in order.
std::vector<Pass> prepare_passes(const OpCall& call) {
  const auto& attrs = call.as<ResizeAttrs>();
  Shape shape = call.inputs[0].shape;
  std::vector<Pass> passes;
  for (size_t i = 0; i < shape.size(); ++i) {
    const ResizeAxis axis = resize_axis(call, i);
    const bool whole =
        attrs.coordinates != Coordinates::tf_crop_and_resize || (axis.roi_begin == 0 && axis.roi_end == 1);
    if (axis.in == axis.out && axis.scale == 1 && whole) continue;
    Pass pass{extent_product(shape, 0, i), axis.in, axis.out, extent_product(shape, i + 1, shape.size()), {}};
    pass.taps = resize_taps(axis, attrs);
    passes.push_back(std::move(pass));
    shape[i] = axis.out;
  }
  return passes;
}

/// Which positions of each output axis lie outside the input; empty when none does.
std::vector<std::vector<bool>> outside_of(const OpCall& call) {
  std::vector<std::vector<bool>> outside;
  bool any = false;
  for (size_t i = 0; i < call.inputs[0].shape.size(); ++i) {
    const ResizeAxis axis = resize_axis(call, i);
    auto& flags = outside.emplace_back(static_cast<size_t>(axis.out));
    for (size_t k = 0; k < flags.size(); ++k) {
      flags[k] = extrapolates(axis, source_position(axis, static_cast<int64_t>(k)));
      any = any || flags[k];
    }
  }
  if (!any) outside.clear();
  return outside;
}

template <typename T>
void fill_outside(const std::vector<std::vector<bool>>& outside, T value, T* out, int64_t size) {
  if (outside.empty()) return;
  for (int64_t i = 0; i < size; ++i) {
    int64_t rest = i;
    for (size_t axis = outside.size(); axis-- > 0;) {
      const auto extent = static_cast<int64_t>(outside[axis].size());
      if (outside[axis][static_cast<size_t>(rest % extent)]) out[i] = value;
      rest /= extent;
    }
  }
}

template <typename T>
std::unique_ptr<Kernel> make_interpolation(const OpCall& call) {
  const auto value = static_cast<T>(call.as<ResizeAttrs>().extrapolation_value);
  return make_kernel([passes = prepare_passes(call), outside = outside_of(call), value, size = call.outputs[0].size()](
                         const Buffers& b, ThreadPool& pool) {
    const T* from = b.in<T>(0);
    std::vector<T> between[2];
    for (size_t i = 0; i < passes.size(); ++i) {
      const Pass& pass = passes[i];
      T* to = b.out<T>(0);
      if (i + 1 < passes.size()) {
        between[i % 2].resize(static_cast<size_t>(pass.outer * pass.out * pass.inner));
        to = between[i % 2].data();
      }
      run_pass(pass, from, to, pool);
      from = to;
    }
    if (passes.empty()) std::memcpy(b.out<T>(0), from, static_cast<size_t>(size) * sizeof(T));
    fill_outside(outside, value, b.out<T>(0), size);
  });
}

std::unique_ptr<Kernel> make_nearest(const OpCall& call) {
  const auto& attrs = call.as<ResizeAttrs>();
  const Operand& out = call.outputs[0];
  const bool crops = attrs.coordinates == Coordinates::tf_crop_and_resize;
  if (!same_codes(call.inputs[0], out) || (crops && out.quantization.per_axis())) return nullptr;
  AxisTables tables;
  for (size_t i = 0; i < out.shape.size(); ++i) tables.push_back(nearest_table(resize_axis(call, i), attrs.nearest));
  return make_index_map(call, tables,
                        element_bytes(out.dtype, out.quantization, static_cast<double>(attrs.extrapolation_value)));
}

}  // namespace

std::unique_ptr<Kernel> resize_reference(const OpCall& call) {
  if (call.kind != OpKind::Resize || call.inputs[0].size() == 0) return nullptr;
  if (call.as<ResizeAttrs>().mode == ResizeMode::nearest) return make_nearest(call);
  if (!plain(call) || !all_of_type(call, call.outputs[0].dtype)) return nullptr;
  return for_type(FloatTypes{}, call.outputs[0].dtype, [&](auto t) { return make_interpolation<decltype(t)>(call); });
}

}  // namespace quern
