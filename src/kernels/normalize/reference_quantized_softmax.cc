// Softmax of 8-bit values in integers, the `fixed` rule. Under `float` it is computed in float (kernels/fallback).
#include <cmath>

#include "kernels/normalize/fixed_exp.h"
#include "kernels/reference_kernel.h"
#include "kernels/requantize.h"

namespace quern {

namespace {

constexpr int kDiffIntegerBits = 5;  // exp's argument is in (-32, 0]
constexpr int kSumIntegerBits = 12;  // room for 4096 ones before the sum wraps

/// exp of (q - largest) * s * beta by the distance below the largest, 0…255; -1 where it is too far to count.
std::array<int32_t, 256> exp_table(float scale, float beta) {
  const double wish = static_cast<double>(beta) * static_cast<double>(scale) * (1 << (31 - kDiffIntegerBits));
  const FixedMultiplier m = quantize_multiplier(std::min(wish, 2147483647.0));
  const int shift = std::max(m.shift, 0);
  const double radius = std::floor(static_cast<double>((1 << kDiffIntegerBits) - 1) * (1 << (31 - kDiffIntegerBits)) /
                                   static_cast<double>(int64_t{1} << shift));
  std::array<int32_t, 256> table{};
  for (int distance = 0; distance < 256; ++distance) {
    table[static_cast<size_t>(distance)] = -1;
    if (static_cast<double>(distance) > radius) continue;
    table[static_cast<size_t>(distance)] = fixed_exp_of_negative(multiply_double_rounding(-distance, m));
  }
  return table;
}

class QuantizedSoftmax final : public Kernel {
 public:
  explicit QuantizedSoftmax(const OpCall& call) : type_(call.inputs[0].dtype), out_type_(call.outputs[0].dtype) {
    const auto& attrs = call.as<SoftmaxAttrs>();
    const Shape& shape = call.inputs[0].shape;
    const auto axis = static_cast<size_t>(attrs.axis);
    outer_ = extent_product(shape, 0, axis);
    extent_ = shape[axis];
    inner_ = extent_product(shape, axis + 1, shape.size());
    exps_ = exp_table(scale_of(call.inputs[0]), attrs.beta);
  }

  void run(const Buffers& buffers, ThreadPool& pool) const override {
    pool.parallel_for(outer_ * inner_, grain_for(extent_), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t start = i / inner_ * extent_ * inner_ + i % inner_;
        run_one(buffers.in<uint8_t>(0) + start, buffers.out<uint8_t>(0) + start);
      }
    });
  }

 private:
  int32_t exp_below(int32_t largest, uint8_t byte) const {
    return exps_[static_cast<size_t>(largest - from_byte(byte, type_))];
  }

  void run_one(const uint8_t* in, uint8_t* out) const {
    int32_t largest = stored_range(type_).low;
    for (int64_t i = 0; i < extent_; ++i) largest = std::max(largest, from_byte(in[i * inner_], type_));
    uint32_t sum = 0;
    for (int64_t i = 0; i < extent_; ++i) {
      const int32_t e = exp_below(largest, in[i * inner_]);
      if (e >= 0) sum += static_cast<uint32_t>(rounding_divide_by_power_of_two(e, kSumIntegerBits));
    }
    // sum = (1 + a) * 2^over with a in [0, 1); the largest itself gives 1, so sum is not 0.
    const int leading = __builtin_clz(std::max<uint32_t>(sum, 1));
    const auto a = static_cast<int32_t>((sum << leading) - (uint32_t{1} << 31));
    const int32_t scale = fixed_reciprocal_of_one_plus(a);
    const int over = kSumIntegerBits - leading;
    const StoredBounds range = stored_range(out_type_);
    for (int64_t i = 0; i < extent_; ++i) {
      const int32_t e = exp_below(largest, in[i * inner_]);
      int32_t stored = range.low;
      if (e >= 0) {
        const int32_t share = saturating_rounding_doubling_high_mul(scale, e);
        stored = place(rounding_divide_by_power_of_two(share, std::min(over + 31 - 8, 31)), range.low, range);
      }
      out[i * inner_] = to_byte(stored);
    }
  }

  int64_t outer_ = 1, extent_ = 1, inner_ = 1;
  DType type_, out_type_;
  std::array<int32_t, 256> exps_{};
};

}  // namespace

std::unique_ptr<Kernel> softmax_quantized_reference(const OpCall& call) {
  if (call.kind != OpKind::Softmax || call.arithmetic != Arithmetic::fixed_rule) return nullptr;
  const Operand& x = call.inputs[0];
  const Operand& y = call.outputs[0];
  if (!is_quantized_8bit(x) || !is_quantized_8bit(y)) return nullptr;
  // The scheme has its output on the grid of 1/256 from 0 on, and a sum of at most 4096 ones.
  if (scale_of(y) != 1.0f / 256 || zero_point_of(y) != stored_range(y.dtype).low) return nullptr;
  const auto& attrs = call.as<SoftmaxAttrs>();
  if (x.shape.empty() || x.shape[static_cast<size_t>(attrs.axis)] > (1 << kSumIntegerBits) || !(attrs.beta > 0))
    return nullptr;
  return std::make_unique<QuantizedSoftmax>(call);
}

}  // namespace quern
