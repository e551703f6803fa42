// Every unary operator of 8-bit values: a table of 256 entries, filled when the kernel is made.
#include <cmath>
#include <limits>
#include <optional>

#include "kernels/convert/elements.h"
#include "kernels/elementwise/fixed_hard_swish.h"
#include "kernels/elementwise/unary_table.h"
#include "kernels/reference_kernel.h"
#include "kernels/requantize.h"

namespace quern {

namespace {

/// The float kernel's results for the 256 codes of the input, in the order of their bytes; empty when there is none.
std::vector<float> real_results(const OpCall& call) {
  Operand codes = call.inputs[0];
  codes.shape = {256};
  std::vector<uint8_t> bytes(256);
  for (size_t i = 0; i < 256; ++i) bytes[i] = static_cast<uint8_t>(i);
  std::vector<float> x(256), y(256);
  dequantize_elements(codes, bytes.data(), x.data());

  if (call.kind == OpKind::Sigmoid) {
    // As the C library has it, and with it the peers' tables; the float kernel is a few units in the last place off.
    for (size_t i = 0; i < 256; ++i) {
      const float e = std::exp(-std::abs(x[i]));
      y[i] = x[i] >= 0 ? 1.0f / (1.0f + e) : e / (1.0f + e);
    }
    return y;
  }
  OpCall inner;
  inner.kind = call.kind;
  inner.attrs = call.attrs;
  inner.inputs = {{DType::float32, {256}, {}, nullptr, true}};
  inner.outputs = inner.inputs;
  auto chosen = choose_kernel(inner, Isa::reference);
  if (!chosen.ok()) return {};
  const void* in[] = {x.data()};
  void* out[] = {y.data()};
  ThreadPool alone(1);
  chosen->kernel->run({in, out}, alone);
  return y;
}

/// TFLite multiplies by the inverse scale where the float rule divides.
uint8_t store_real(float real, const Operand& output, Arithmetic arithmetic) {
  const StoredBounds range = stored_range(output.dtype);
  if (arithmetic == Arithmetic::float_rule) {
    return to_byte(quantize_value(real, scale_of(output), zero_point_of(output), range, arithmetic));
  }
  return to_byte(quantize_value(real * (1.0f / scale_of(output)), 1.0f, zero_point_of(output), range, arithmetic));
}

/// Slopes above and below 0, in integers: Relu and Clip (which have bounds besides) and LeakyRelu.
ByteTable sloped_table(const OpCall& call, float slope_below, const Clamp& clamp) {
  const Operand& x = call.inputs[0];
  const Operand& y = call.outputs[0];
  // TFLite forms both factors in float32.
  const float above_factor = scale_of(x) / scale_of(y);
  const float below_factor = scale_of(x) * slope_below / scale_of(y);
  const Requantization above = scalar_requantization(static_cast<double>(above_factor), y, clamp, call.arithmetic);
  const Requantization below = scalar_requantization(static_cast<double>(below_factor), y, clamp, call.arithmetic);
  ByteTable table{};
  for (int byte = 0; byte < 256; ++byte) {
    const int32_t centred = from_byte(static_cast<uint8_t>(byte), x.dtype) - zero_point_of(x);
    table[static_cast<size_t>(byte)] = to_byte((centred >= 0 ? above : below).store(centred, 0));
  }
  return table;
}

std::optional<ByteTable> integer_table(const OpCall& call) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  switch (call.kind) {
    case OpKind::Relu:
      return sloped_table(call, 1, {0, kInfinity});
    case OpKind::Clip: {
      const auto& attrs = call.as<UnaryAttrs>();
      return sloped_table(call, 1, {static_cast<float>(attrs.alpha), static_cast<float>(attrs.beta)});
    }
    case OpKind::LeakyRelu: {
      const auto alpha = static_cast<float>(call.as<UnaryAttrs>().alpha);
      if (!(alpha >= 0)) return std::nullopt;  // a multiplier has no sign
      return sloped_table(call, alpha, {});
    }
    case OpKind::HardSwish:
      return fixed_hard_swish_table(call.inputs[0], call.outputs[0]);
    default:
      return std::nullopt;
  }
}

std::optional<ByteTable> filled_table(const OpCall& call) {
  if (call.arithmetic == Arithmetic::fixed_rule) {
    if (auto table = integer_table(call)) return table;
  }
  const std::vector<float> real = real_results(call);
  if (real.empty()) return std::nullopt;
  ByteTable table{};
  for (size_t byte = 0; byte < 256; ++byte) table[byte] = store_real(real[byte], call.outputs[0], call.arithmetic);
  return table;
}

}  // namespace

std::optional<ByteTable> unary_table(const OpCall& call) {
  if (info(call.kind).family != OpFamily::unary || call.inputs.size() != 1) return std::nullopt;
  if (!is_quantized_8bit(call.inputs[0]) || !is_quantized_8bit(call.outputs[0])) return std::nullopt;
  return filled_table(call);
}

std::unique_ptr<Kernel> unary_quantized_reference(const OpCall& call) {
  const std::optional<ByteTable> table = unary_table(call);
  if (!table) return nullptr;
  return make_kernel([table = *table, count = call.outputs[0].size()](const Buffers& buffers, ThreadPool& pool) {
    const auto* in = buffers.in<uint8_t>(0);
    auto* out = buffers.out<uint8_t>(0);
    pool.parallel_for(count, grain_for(1), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) out[i] = table[in[i]];
    });
  });
}

}  // namespace quern
