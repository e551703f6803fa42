#include "kernels/convert/vector_quantize.h"

#include <algorithm>

#include "kernels/gemm/store_rule.h"
#include "kernels/reference_kernel.h"

namespace quern {

std::unique_ptr<Kernel> make_vector_quantize(const OpCall& call, StoreReal store) {
  if (call.kind != OpKind::Quantize || call.arithmetic != Arithmetic::float_rule) return nullptr;
  const Operand& y = call.outputs[0];
  if (call.inputs[0].dtype != DType::float32 || !is_quantized_8bit(y) || y.size() == 0) return nullptr;
  const PreparedStore prepared = uniform_store(scalar_requantization(1, y, {}, call.arithmetic));
  return make_kernel([prepared, store, scale = scale_of(y), size = y.size()](const Buffers& buffers, ThreadPool& pool) {
    pool.parallel_for(size, 8 * kUniformChannels, [&](int64_t begin, int64_t end) {
      alignas(64) float steps[kUniformChannels];
      for (int64_t first = begin; first < end; first += kUniformChannels) {
        const int64_t count = std::min<int64_t>(kUniformChannels, end - first);
        const float* x = buffers.in<float>(0) + first;
        for (int64_t i = 0; i < count; ++i) {
          const float step = x[i] / scale;
          steps[i] = step == step ? step : 0.0f;  // not a number is stored as the real 0
        }
        store({steps, 0, 1, static_cast<int>(count), 0, buffers.out<std::byte>(0) + first, 0}, prepared.rule());
      }
    });
  });
}

}  // namespace quern
