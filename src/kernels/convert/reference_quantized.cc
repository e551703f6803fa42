// Quantize and Dequantize.
#include "kernels/convert/elements.h"
#include "kernels/reference_kernel.h"
#include "kernels/requantize.h"

namespace quern {

namespace {

bool is_stored(const Operand& operand) {
  return is_stored_type(operand.dtype) && !operand.quantization.empty();
}

std::unique_ptr<Kernel> make_table(const OpCall& call) {
  const ByteTable table = requantize_table(call.inputs[0], call.outputs[0], call.arithmetic);
  return make_kernel([table, count = call.outputs[0].size()](const Buffers& buffers, ThreadPool&) {
    const auto* in = buffers.in<uint8_t>(0);
    auto* out = buffers.out<uint8_t>(0);
    for (int64_t i = 0; i < count; ++i) out[i] = table[in[i]];
  });
}

std::unique_ptr<Kernel> make_code_by_code(const OpCall& call) {
  const Operand& x = call.inputs[0];
  const Operand& y = call.outputs[0];
  return make_kernel([requantize = CodeRequantization(x, y, call.arithmetic), from = x.dtype, to = y.dtype,
                      count = y.size()](const Buffers& buffers, ThreadPool&) {
    for (int64_t i = 0; i < count; ++i) {
      put_code(buffers.out<void>(0), i, to, requantize(code_at(buffers.in<void>(0), i, from)));
    }
  });
}

}  // namespace

std::unique_ptr<Kernel> quantize_reference(const OpCall& call) {
  if (call.kind != OpKind::Quantize || !is_stored(call.outputs[0])) return nullptr;
  const Operand& x = call.inputs[0];
  const Operand& y = call.outputs[0];
  if (is_quantized_8bit(x) && is_quantized_8bit(y)) return make_table(call);
  if (is_quantized(x) && is_quantized(y)) return make_code_by_code(call);
  if (x.dtype == DType::float32) {
    return make_kernel([y, rule = call.arithmetic](const Buffers& buffers, ThreadPool&) {
      quantize_elements(y, buffers.in<float>(0), buffers.out<void>(0), rule);
    });
  }
  if (!is_stored(x)) return nullptr;
  return make_kernel([x, y, rule = call.arithmetic](const Buffers& buffers, ThreadPool&) {
    std::vector<float> real(static_cast<size_t>(x.size()));
    dequantize_elements(x, buffers.in<void>(0), real.data());
    quantize_elements(y, real.data(), buffers.out<void>(0), rule);
  });
}

std::unique_ptr<Kernel> dequantize_reference(const OpCall& call) {
  if (call.kind != OpKind::Dequantize || !is_stored(call.inputs[0])) return nullptr;
  if (call.outputs[0].dtype != DType::float32) return nullptr;
  return make_kernel([x = call.inputs[0]](const Buffers& buffers, ThreadPool&) {
    dequantize_elements(x, buffers.in<void>(0), buffers.out<float>(0));
  });
}

}  // namespace quern
