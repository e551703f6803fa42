#include "write/onnx/bias.h"

#include <limits>

#include "write/bias_grid.h"

namespace quern::onnx_writer {

namespace {

/// The bias of 16-bit sums: DequantizeLinear takes no int64, so it has to fit int32.
Result<Tensor> narrowed(const Tensor& bias, const Op& op) {
  if (bias.dtype() == DType::int32) return bias;
  QUERN_TRY(Tensor narrow, Tensor::make(DType::int32, bias.shape()));
  const auto from = bias.data<int64_t>();
  for (size_t i = 0; i < from.size(); ++i) {
    if (from[i] < std::numeric_limits<int32_t>::min() || from[i] > std::numeric_limits<int32_t>::max()) {
      return fail(ErrorCode::unsupported,
                  "{} '{}': element {} of its int64 bias is {}, and ONNX dequantizes at most int32; write TFLite",
                  info(op.kind).name, op.name, i, from[i]);
    }
    narrow.mutable_data<int32_t>()[i] = static_cast<int32_t>(from[i]);
  }
  return narrow;
}

}  // namespace

Result<std::string> read_bias(Context& cx, const Op& op) {
  const ValueId id = op.inputs.size() > 2 ? op.inputs[2] : kNoValue;
  if (id == kNoValue) return std::string();
  const Value& bias = cx.graph.value(id);
  if (!bias.constant || (bias.dtype != DType::int32 && bias.dtype != DType::int64)) return cx.read(id);
  const Quantization grid = bias_grid(cx.graph, op);
  QUERN_TRY(Tensor stored, narrowed(*bias.constant, op));
  stored.quantization = grid.empty() ? bias.quantization : grid;
  if (stored.quantization.empty()) {
    return fail(ErrorCode::unsupported, "{} '{}': its integer bias has no scale, and its weights have none either",
                info(op.kind).name, op.name);
  }
  return cx.dequantized_constant(cx.plain_name(id), stored);
}

}  // namespace quern::onnx_writer
