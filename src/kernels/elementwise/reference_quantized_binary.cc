// Add, Sub, Mul, Min, Max and PRelu of 8-bit values. Whatever depends on one operand alone is a table of 256 entries.
#include "kernels/elementwise/broadcast.h"
#include "kernels/elementwise/quantized_sum.h"
#include "kernels/requantize.h"

namespace quern {

namespace {

/// Computes y = function(byte of a, byte of b) over broadcast rows.
template <typename Function>
std::unique_ptr<Kernel> make_binary(const OpCall& call, Function function) {
  return make_kernel([plan = prepare_broadcast<2>(call), function](const Buffers& buffers, ThreadPool& pool) {
    const auto* a = buffers.in<uint8_t>(0);
    const auto* b = buffers.in<uint8_t>(1);
    auto* out = buffers.out<uint8_t>(0);
    const std::array<int64_t, 2> step = plan.strides.back();
    for_each_row(plan, pool, [&](int64_t at, const std::array<int64_t, 2>& from, int64_t count) {
      for (int64_t i = 0; i < count; ++i) out[at + i] = function(a[from[0] + i * step[0]], b[from[1] + i * step[1]]);
    });
  });
}

using IntTable = std::array<int32_t, 256>;

/// q - z by byte.
IntTable centred_table(const Operand& operand) {
  IntTable table{};
  for (int byte = 0; byte < 256; ++byte) {
    table[static_cast<size_t>(byte)] = from_byte(static_cast<uint8_t>(byte), operand.dtype) - zero_point_of(operand);
  }
  return table;
}

std::unique_ptr<Kernel> make_sum(const OpCall& call) {
  return make_binary(call, [sum = QuantizedSum(call)](uint8_t a, uint8_t b) { return sum(a, b); });
}

std::unique_ptr<Kernel> make_product(const OpCall& call) {
  // Both rules take the factor in float32.
  const float factor = scale_of(call.inputs[0]) * scale_of(call.inputs[1]) / scale_of(call.outputs[0]);
  const Requantization r =
      scalar_requantization(static_cast<double>(factor), call.outputs[0], call.as<ClampAttrs>().clamp, call.arithmetic);
  return make_binary(call, [r, a_table = centred_table(call.inputs[0]), b_table = centred_table(call.inputs[1])](
                               uint8_t a, uint8_t b) { return to_byte(r.store(a_table[a] * b_table[b], 0)); });
}

/// The greater of the requantized operands; requantization keeps order, so it is the requantized greater one.
std::unique_ptr<Kernel> make_extremum(const OpCall& call) {
  const DType type = call.outputs[0].dtype;
  const bool greatest = call.kind == OpKind::Max;
  return make_binary(
      call, [type, greatest, a_table = requantize_table(call.inputs[0], call.outputs[0], call.arithmetic),
             b_table = requantize_table(call.inputs[1], call.outputs[0], call.arithmetic)](uint8_t a, uint8_t b) {
        const int32_t x = from_byte(a_table[a], type);
        const int32_t y = from_byte(b_table[b], type);
        return to_byte((x > y) == greatest ? x : y);
      });
}

/// x above 0 is rescaled; below it is multiplied by the slope.
std::unique_ptr<Kernel> make_prelu(const OpCall& call) {
  const float x_scale = scale_of(call.inputs[0]);
  const float out_scale = scale_of(call.outputs[0]);
  const Requantization above =
      scalar_requantization(static_cast<double>(x_scale / out_scale), call.outputs[0], {}, call.arithmetic);
  const Requantization below = scalar_requantization(
      static_cast<double>(x_scale * scale_of(call.inputs[1]) / out_scale), call.outputs[0], {}, call.arithmetic);
  return make_binary(call, [above, below, x_table = centred_table(call.inputs[0]),
                            slope_table = centred_table(call.inputs[1])](uint8_t a, uint8_t b) {
    const int32_t x = x_table[a];
    return to_byte(x >= 0 ? above.store(x, 0) : below.store(x * slope_table[b], 0));
  });
}

}  // namespace

std::unique_ptr<Kernel> binary_quantized_reference(const OpCall& call) {
  if (call.inputs.size() != 2 || !is_quantized_8bit(call.inputs[0]) || !is_quantized_8bit(call.inputs[1]) ||
      !is_quantized_8bit(call.outputs[0])) {
    return nullptr;
  }
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

}  // namespace quern
