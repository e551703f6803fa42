#include "write/tflite/operands.h"

#include <algorithm>

#include "write/bias_grid.h"

namespace quern::tflite_writer {

bool is_coded(const Graph& graph, ValueId id) {
  const Value& value = graph.value(id);
  return is_8bit(value.dtype) && value.quantization.scales.size() == 1;
}

bool all_coded(const Graph& graph, const Op& op) {
  const DType type = graph.value(op.outputs[0]).dtype;
  const auto fits = [&](ValueId id) {
    if (id == kNoValue) return true;
    const Value& value = graph.value(id);
    const bool real = value.dtype == DType::float32 || !value.quantization.empty();
    return !real || (is_coded(graph, id) && value.dtype == type);
  };
  return is_coded(graph, op.outputs[0]) && std::ranges::all_of(op.inputs, fits) &&
         std::ranges::all_of(op.outputs, fits);
}

bool keeps_codes(const Graph& graph, const Op& op) {
  return all_coded(graph, op) && graph.value(op.inputs[0]).quantization == graph.value(op.outputs[0]).quantization;
}

bool all_int8(const Graph& graph, const Op& op) {
  return all_coded(graph, op) && graph.value(op.outputs[0]).dtype == DType::int8;
}

bool has_integer_weights(const Graph& graph, const Op& op) {
  if (!is_coded(graph, op.inputs[0]) || !is_coded(graph, op.outputs[0])) return false;
  const Value& x = graph.value(op.inputs[0]);
  const Value& w = graph.value(op.inputs[1]);
  if (!w.constant || w.quantization.empty() || w.dtype != x.dtype || graph.value(op.outputs[0]).dtype != x.dtype)
    return false;
  const bool symmetric = std::ranges::all_of(w.quantization.zero_points, [](int32_t zero) { return zero == 0; });
  if (x.dtype == DType::int8 ? !symmetric : w.quantization.per_axis()) return false;
  if (w.quantization.per_axis() && w.quantization.axis != 0) return false;
  const bool biased = op.inputs.size() > 2 && op.inputs[2] != kNoValue;
  return !biased || (graph.value(op.inputs[2]).dtype == DType::int32 && !bias_grid(graph, op).empty());
}

bool gives(const Graph& graph, const Op& op, float scale, int32_t zero) {
  if (!all_coded(graph, op)) return false;
  const Value& y = graph.value(op.outputs[0]);
  return y.quantization.scales[0] == scale &&
         y.quantization.zero_points[0] == zero + (y.dtype == DType::uint8 ? 128 : 0);
}

}  // namespace quern::tflite_writer
