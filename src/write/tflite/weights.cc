#include "write/tflite/weights.h"

#include <algorithm>

#include "prepare/evaluate.h"
#include "write/bias_grid.h"

namespace quern::tflite_writer {

Result<int> read_weights(Call& call, const std::vector<int64_t>& perm) {
  if (perm.empty()) return call.read(1);
  const Value& weights = call.input(1);
  if (!weights.constant) {
    return call.fail(ErrorCode::unsupported,
                     "its weights are no constant, and TFLite keeps them in another order; cut the graph before it");
  }
  Tensor stored = *weights.constant;
  stored.quantization = weights.quantization;
  QUERN_TRY(const Tensor turned, permuted(stored, perm));
  const int tensor = call.cx.constant_for(call.op.inputs[1], turned);
  return call.integer() ? tensor : call.cx.real(tensor);
}

namespace {

/// One number for all channels, spread out.
template <typename T>
Tensor spread(const Tensor& bias, int64_t channels) {
  Tensor out = *Tensor::make(bias.dtype(), {channels});
  std::ranges::fill(out.mutable_data<T>(), bias.data<T>()[0]);
  return out;
}

int no_bias(Call& call) {
  Tensor zeros = *Tensor::make(call.integer() ? DType::int32 : DType::float32, {call.input(1).shape[0]});
  if (call.integer()) zeros.quantization = product_grid(call.input(0).quantization, call.input(1).quantization);
  return call.cx.constant(call.name() + "_bias", zeros);
}

}  // namespace

int read_bias(Call& call) {
  if (!call.has_input(2)) return no_bias(call);
  const Value& bias = call.input(2);
  if (!bias.constant) return call.read(2);
  const int64_t channels = call.input(1).shape[0];
  Tensor stored = *bias.constant;
  if (stored.size() == 1 && channels > 1)
    stored = stored.dtype() == DType::int32 ? spread<int32_t>(stored, channels) : spread<float>(stored, channels);
  if (stored.dtype() == DType::int32) {
    stored.quantization = bias_grid(call.cx.graph, call.op);
    if (stored.quantization.empty()) stored.quantization = bias.quantization;
  }
  const int tensor = call.cx.constant_for(call.op.inputs[2], stored);
  return call.integer() ? tensor : call.cx.real(tensor);
}

}  // namespace quern::tflite_writer
