#include "kernels/lanes/lane_kernels.h"
#include "kernels/lanes/operands.h"
#include "kernels/reference_kernel.h"

namespace quern {

std::unique_ptr<Kernel> make_lane_quantize(const OpCall& call, const Lanes& lanes) {
  if (call.kind != OpKind::Quantize || call.arithmetic != Arithmetic::float_rule) return nullptr;
  const Operand& y = call.outputs[0];
  if (!is_real(call.inputs[0]) || !is_quantized_8bit(y)) return nullptr;
  return make_kernel([y, quantize = lanes.quantize](const Buffers& buffers, ThreadPool& pool) {
    pool.parallel_for(y.size(), 16384, [&](int64_t begin, int64_t end) {
      quantize(buffers.in<float>(0) + begin, scale_of(y), end - begin,
               target_of(y, stored_range(y.dtype), buffers.out<uint8_t>(0) + begin));
    });
  });
}

std::unique_ptr<Kernel> make_lane_dequantize(const OpCall& call, const Lanes& lanes) {
  const Operand& x = call.inputs[0];
  if (call.kind != OpKind::Dequantize || !is_quantized_8bit(x) || call.outputs[0].dtype != DType::float32) {
    return nullptr;
  }
  return make_kernel([x, dequantize = lanes.dequantize](const Buffers& buffers, ThreadPool& pool) {
    pool.parallel_for(x.size(), 16384, [&](int64_t begin, int64_t end) {
      const Bytes from = bytes_of(x, buffers.in<uint8_t>(0) + begin, scale_of(x));
      dequantize(from, end - begin, buffers.out<float>(0) + begin);
    });
  });
}

}  // namespace quern
