// The `fixed` rule of element-wise operators with 16-bit operands: Add, Sub, Mul, Max, Min, PRelu, and the unary kinds
// that are integer. Under `float` all of them are their float kernels (kernels/fallback).
#include <limits>
#include <optional>

#include "kernels/elementwise/broadcast.h"
#include "kernels/requantize.h"

namespace quern {

namespace {

// TFLite's choice for 16 bits: 65535 * 2^15 leaves room in int32 for the sum of two after they are halved.
constexpr int kLeftShift = 15;

/// Computes the code of y = function(code of a, code of b) over broadcast rows.
template <typename Function>
std::unique_ptr<Kernel> make_binary(const OpCall& call, Function function) {
  const DType a = call.inputs[0].dtype, b = call.inputs[1].dtype, y = call.outputs[0].dtype;
  return make_kernel([=, plan = prepare_broadcast<2>(call)](const Buffers& buffers, ThreadPool& pool) {
    const std::array<int64_t, 2> step = plan.strides.back();
    for_each_row(plan, pool, [&](int64_t at, const std::array<int64_t, 2>& from, int64_t count) {
      for (int64_t i = 0; i < count; ++i) {
        put_code(buffers.out<void>(0), at + i, y,
                 function(code_at(buffers.in<void>(0), from[0] + i * step[0], a),
                          code_at(buffers.in<void>(1), from[1] + i * step[1], b)));
      }
    });
  });
}

std::unique_ptr<Kernel> make_sum(const OpCall& call) {
  const Operand& a = call.inputs[0];
  const Operand& b = call.inputs[1];
  const Operand& y = call.outputs[0];
  const double twice = 2.0 * static_cast<double>(std::max(scale_of(a), scale_of(b)));
  const FixedMultiplier a_factor = quantize_multiplier(static_cast<double>(scale_of(a)) / twice);
  const FixedMultiplier b_factor = quantize_multiplier(static_cast<double>(scale_of(b)) / twice);
  const Requantization sum = scalar_requantization(twice / ((1 << kLeftShift) * static_cast<double>(scale_of(y))), y,
                                                   call.as<ClampAttrs>().clamp, call.arithmetic);
  const int sign = call.kind == OpKind::Sub ? -1 : 1;
  return make_binary(call, [=, za = zero_point_of(a), zb = zero_point_of(b)](int32_t p, int32_t q) {
    const int32_t x = multiply_double_rounding((p - za) * (1 << kLeftShift), a_factor);
    const int32_t z = multiply_double_rounding((q - zb) * (1 << kLeftShift), b_factor);
    return sum.store(x + sign * z, 0);
  });
}

/// The farthest a code can be from the zero point.
int64_t reach_of(const Operand& operand) {
  const StoredBounds range = stored_range(operand.dtype);
  return std::max<int64_t>(range.high - zero_point_of(operand), zero_point_of(operand) - range.low);
}

/// Declines where the product of two codes can leave int32.
std::unique_ptr<Kernel> make_product(const OpCall& call) {
  const Operand& a = call.inputs[0];
  const Operand& b = call.inputs[1];
  if (reach_of(a) * reach_of(b) > std::numeric_limits<int32_t>::max()) return nullptr;
  const float factor = scale_of(a) * scale_of(b) / scale_of(call.outputs[0]);
  const Requantization r =
      scalar_requantization(static_cast<double>(factor), call.outputs[0], call.as<ClampAttrs>().clamp, call.arithmetic);
  return make_binary(call, [r, za = zero_point_of(a), zb = zero_point_of(b)](int32_t p, int32_t q) {
    return r.store((p - za) * (q - zb), 0);
  });
}

std::unique_ptr<Kernel> make_extremum(const OpCall& call) {
  const CodeRequantization a(call.inputs[0], call.outputs[0], call.arithmetic);
  const CodeRequantization b(call.inputs[1], call.outputs[0], call.arithmetic);
  const bool greatest = call.kind == OpKind::Max;
  return make_binary(call, [a, b, greatest](int32_t p, int32_t q) {
    const int32_t x = a(p), y = b(q);
    return (x > y) == greatest ? x : y;
  });
}

/// Slopes above and below 0.
struct Slopes {
  Requantization above, below;
};

Slopes slopes_of(const OpCall& call, float slope_below, const Clamp& clamp) {
  const float above = scale_of(call.inputs[0]) / scale_of(call.outputs[0]);
  const float below = scale_of(call.inputs[0]) * slope_below / scale_of(call.outputs[0]);
  return {scalar_requantization(static_cast<double>(above), call.outputs[0], clamp, call.arithmetic),
          scalar_requantization(static_cast<double>(below), call.outputs[0], clamp, call.arithmetic)};
}

std::unique_ptr<Kernel> make_prelu(const OpCall& call) {
  const Operand& x = call.inputs[0];
  const Operand& slope = call.inputs[1];
  if (reach_of(x) * reach_of(slope) > std::numeric_limits<int32_t>::max()) return nullptr;
  return make_binary(call, [slopes = slopes_of(call, scale_of(slope), {}), zx = zero_point_of(x),
                            zs = zero_point_of(slope)](int32_t p, int32_t q) {
    return p >= zx ? slopes.above.store(p - zx, 0) : slopes.below.store((p - zx) * (q - zs), 0);
  });
}

std::unique_ptr<Kernel> make_sloped(const OpCall& call, float slope_below, const Clamp& clamp) {
  const Operand& x = call.inputs[0];
  const Operand& y = call.outputs[0];
  return make_kernel([slopes = slopes_of(call, slope_below, clamp), z = zero_point_of(x), in = x.dtype, out = y.dtype,
                      count = y.size()](const Buffers& buffers, ThreadPool& pool) {
    pool.parallel_for(count, grain_for(1), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int32_t centred = code_at(buffers.in<void>(0), i, in) - z;
        put_code(buffers.out<void>(0), i, out, (centred >= 0 ? slopes.above : slopes.below).store(centred, 0));
      }
    });
  });
}

bool is_fixed_wide(const OpCall& call, size_t inputs) {
  if (call.arithmetic != Arithmetic::fixed_rule || call.inputs.size() != inputs || !is_wide(call)) return false;
  return std::ranges::all_of(call.inputs, is_quantized) && is_quantized(call.outputs[0]);
}

}  // namespace

std::unique_ptr<Kernel> binary_wide_reference(const OpCall& call) {
  if (!is_fixed_wide(call, 2)) return nullptr;
  switch (call.kind) {
    case OpKind::Add:
    case OpKind::Sub:
      return make_sum(call);
    case OpKind::Mul:
      return make_product(call);
    case OpKind::Max:
    case OpKind::Min:
      return make_extremum(call);
    case OpKind::PRelu:
      return make_prelu(call);
    default:
      return nullptr;
  }
}

std::unique_ptr<Kernel> unary_wide_reference(const OpCall& call) {
  if (!is_fixed_wide(call, 1)) return nullptr;
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  switch (call.kind) {
    case OpKind::Relu:
      return make_sloped(call, 1, {0, kInfinity});
    case OpKind::Clip: {
      const auto& attrs = call.as<UnaryAttrs>();
      return make_sloped(call, 1, {static_cast<float>(attrs.alpha), static_cast<float>(attrs.beta)});
    }
    case OpKind::LeakyRelu: {
      const auto alpha = static_cast<float>(call.as<UnaryAttrs>().alpha);
      return alpha >= 0 ? make_sloped(call, alpha, {}) : nullptr;  // a multiplier has no sign
    }
    default:
      return nullptr;
  }
}

}  // namespace quern
