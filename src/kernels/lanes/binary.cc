#include "kernels/elementwise/broadcast.h"
#include "kernels/lanes/lane_kernels.h"
#include "kernels/lanes/operands.h"

namespace quern {

namespace {

/// An operator whose second operand is the one that repeats, if one does.
struct Binary {
  Operand a, b, y;
  StoredBounds bounds;
  Broadcast<2> plan;
  size_t first = 0, second = 1;  ///< operands of the call that are a and b

  int b_step() const { return static_cast<int>(plan.strides.back()[second]); }
};

std::optional<Binary> binary_of(const OpCall& call) {
  if (call.arithmetic != Arithmetic::float_rule || call.inputs.size() != 2) return std::nullopt;
  const Operand& y = call.outputs[0];
  if (!is_quantized_8bit(call.inputs[0]) || !is_quantized_8bit(call.inputs[1]) || !is_quantized_8bit(y)) {
    return std::nullopt;
  }
  Binary binary;
  binary.plan = prepare_broadcast<2>(call);
  const std::array<int64_t, 2> step = binary.plan.strides.back();
  if (step[0] != 1) std::swap(binary.first, binary.second);
  if (step[binary.first] != 1 || step[binary.second] > 1 || y.size() == 0) return std::nullopt;
  binary.a = call.inputs[binary.first];
  binary.b = call.inputs[binary.second];
  binary.y = y;
  binary.bounds = stored_bounds(y, call.as<ClampAttrs>().clamp, call.arithmetic);
  return binary;
}

/// Calls compute(a's data, b's data, elements, place) on rows.
template <typename Compute>
std::unique_ptr<Kernel> make_rows(Binary binary, Compute compute) {
  return make_kernel([binary, compute](const Buffers& buffers, ThreadPool& pool) {
    const auto* a = buffers.in<uint8_t>(binary.first);
    const auto* b = buffers.in<uint8_t>(binary.second);
    for_each_row(binary.plan, pool, [&](int64_t at, const std::array<int64_t, 2>& from, int64_t count) {
      compute(binary, a + from[binary.first], b + from[binary.second], count,
              target_of(binary.y, binary.bounds, buffers.out<uint8_t>(0) + at));
    });
  });
}

}  // namespace

std::unique_ptr<Kernel> make_lane_binary(const OpCall& call, const Lanes& lanes) {
  const bool sum = call.kind == OpKind::Add || call.kind == OpKind::Sub;
  if (!sum && call.kind != OpKind::Mul) return nullptr;
  const std::optional<Binary> binary = binary_of(call);
  if (!binary) return nullptr;
  const float out_scale = scale_of(binary->y);
  if (sum) {
    // The second operand of the call is taken away, whichever place it has here.
    const float sign = call.kind == OpKind::Sub ? -1.0f : 1.0f;
    const float a_ratio = scale_of(binary->a) / out_scale * (binary->first == 1 ? sign : 1.0f);
    const float b_ratio = scale_of(binary->b) / out_scale * (binary->second == 1 ? sign : 1.0f);
    return make_rows(*binary, [add = lanes.add, a_ratio, b_ratio](const Binary& o, const uint8_t* a, const uint8_t* b,
                                                                  int64_t count, const ByteTarget& to) {
      add(bytes_of(o.a, a, a_ratio), bytes_of(o.b, b, b_ratio), o.b_step(), count, to);
    });
  }
  const float factor = scale_of(call.inputs[0]) * scale_of(call.inputs[1]) / out_scale;
  return make_rows(*binary, [multiply = lanes.multiply, factor](const Binary& o, const uint8_t* a, const uint8_t* b,
                                                                int64_t count, const ByteTarget& to) {
    multiply(bytes_of(o.a, a, 1), bytes_of(o.b, b, 1), o.b_step(), factor, count, to);
  });
}

}  // namespace quern
