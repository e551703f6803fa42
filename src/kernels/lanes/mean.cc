#include <numeric>

#include "kernels/lanes/lane_kernels.h"
#include "kernels/lanes/operands.h"
#include "kernels/reference_kernel.h"

namespace quern {

namespace {

/// [outer][reduced][inner].
struct Extents {
  int64_t outer = 1, reduced = 1, inner = 1;
};

std::optional<Extents> extents_of(const OpCall& call) {
  const auto& attrs = call.as<ReduceAttrs>();
  const Shape& in = call.inputs[0].shape;
  if (attrs.axes.empty()) return std::nullopt;
  const auto [first, last] = std::minmax_element(attrs.axes.begin(), attrs.axes.end());
  const auto begin = static_cast<size_t>(*first), end = static_cast<size_t>(*last) + 1;
  if (end - begin != attrs.axes.size() || end >= in.size()) return std::nullopt;
  return Extents{extent_product(in, 0, begin), extent_product(in, begin, end), extent_product(in, end, in.size())};
}

/// Every channel's elements are added in the reference's order, in double.
std::unique_ptr<Kernel> make_real_mean(const Extents& extents, const Lanes& lanes) {
  return make_kernel([e = extents, add = lanes.add_float_rows](const Buffers& buffers, ThreadPool& pool) {
    pool.parallel_for(e.outer, 1, [&](int64_t begin, int64_t end) {
      std::vector<double> sums(static_cast<size_t>(e.inner));
      for (int64_t i = begin; i < end; ++i) {
        std::fill(sums.begin(), sums.end(), 0.0);
        add(buffers.in<float>(0) + i * e.reduced * e.inner, e.reduced, e.inner, sums.data());
        float* out = buffers.out<float>(0) + i * e.inner;
        for (int64_t c = 0; c < e.inner; ++c) {
          out[c] = static_cast<float>(sums[static_cast<size_t>(c)] / static_cast<double>(e.reduced));
        }
      }
    });
  });
}

}  // namespace

std::unique_ptr<Kernel> make_lane_mean(const OpCall& call, const Lanes& lanes) {
  if (call.kind != OpKind::ReduceMean || call.inputs.empty() || !std::holds_alternative<ReduceAttrs>(call.attrs)) {
    return nullptr;
  }
  const Operand& x = call.inputs[0];
  const std::optional<Extents> extents = extents_of(call);
  if (!extents || extents->reduced < 1) return nullptr;
  if (is_real(x) && is_real(call.outputs[0])) return make_real_mean(*extents, lanes);
  if (!is_quantized_8bit(x) || !is_quantized_8bit(call.outputs[0]) || extents->reduced > max_mean_count(x))
    return nullptr;
  const Requantization r = mean_requantization(scale_of(x), extents->reduced, call.outputs[0], {}, call.arithmetic);
  const Operand& y = call.outputs[0];
  return make_kernel([e = *extents, x, y, r, lanes](const Buffers& buffers, ThreadPool& pool) {
    const auto offset = static_cast<int32_t>(e.reduced * zero_point_of(x));
    pool.parallel_for(e.outer, 1, [&](int64_t begin, int64_t end) {
      std::vector<int32_t> sums(static_cast<size_t>(e.inner));
      for (int64_t i = begin; i < end; ++i) {
        std::fill(sums.begin(), sums.end(), 0);
        lanes.add_rows(bytes_of(x, buffers.in<uint8_t>(0) + i * e.reduced * e.inner, 1), e.reduced, e.inner,
                       sums.data());
        uint8_t* out = buffers.out<uint8_t>(0) + i * e.inner;
        if (r.rounding == Rounding::float_even) {
          lanes.store_sums(sums.data(), offset, r.scale[0], e.inner, target_of(y, {r.out_min, r.out_max}, out));
          continue;
        }
        for (int64_t c = 0; c < e.inner; ++c) out[c] = to_byte(r.store(sums[static_cast<size_t>(c)] - offset, 0));
      }
    });
  });
}

}  // namespace quern
