#include "write/onnx/bias.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace quern::onnx_writer {

namespace {

/// s_x * s_w, along axis 0 when there is a scale for each channel; empty when x or w is not quantized.
Quantization product_grid(const Quantization& x, const Quantization& w) {
  Quantization grid;
  if (x.scales.size() != 1) return grid;
  for (const float scale : w.scales) grid.scales.push_back(x.scales[0] * scale);
  grid.zero_points.assign(grid.scales.size(), 0);
  return grid;
}

bool near(const Quantization& have, const Quantization& want) {
  if (have.empty()) return true;
  if (want.empty() || (have.per_axis() && have.scales.size() != want.scales.size())) return false;
  for (size_t i = 0; i < want.scales.size(); ++i) {
    const float scale = have.scales[have.per_axis() ? i : 0];
    if (std::abs(scale - want.scales[i]) > 0.01f * want.scales[i]) return false;
  }
  return true;
}

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

bool all_zero(const Tensor& bias) {
  const auto elements = bias.data<int32_t>();
  return std::all_of(elements.begin(), elements.end(), [](int32_t b) { return b == 0; });
}

}  // namespace

Result<std::string> read_bias(Context& cx, const Op& op) {
  const ValueId id = op.inputs.size() > 2 ? op.inputs[2] : kNoValue;
  if (id == kNoValue) return std::string();
  const Value& bias = cx.graph.value(id);
  if (!bias.constant || (bias.dtype != DType::int32 && bias.dtype != DType::int64)) return cx.read(id);
  const Quantization grid =
      product_grid(cx.graph.value(op.inputs[0]).quantization, cx.graph.value(op.inputs[1]).quantization);
  QUERN_TRY(Tensor stored, narrowed(*bias.constant, op));
  stored.quantization = bias.quantization;
  if (!grid.empty() && (near(bias.quantization, grid) || all_zero(stored))) stored.quantization = grid;
  if (stored.quantization.empty()) {
    return fail(ErrorCode::unsupported, "{} '{}': its integer bias has no scale, and its weights have none either",
                info(op.kind).name, op.name);
  }
  return cx.dequantized_constant(cx.plain_name(id), stored);
}

}  // namespace quern::onnx_writer
