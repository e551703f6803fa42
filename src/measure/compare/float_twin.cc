#include "measure/compare/float_twin.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "quern/task.h"

namespace quern {

namespace {

struct Codes {
  int32_t low = 0;
  int32_t high = 0;
};

Codes codes_of(DType type) {
  switch (type) {
    case DType::int8:
      return {-128, 127};
    case DType::uint8:
      return {0, 255};
    case DType::int16:
      return {-32768, 32767};
    case DType::uint16:
      return {0, 65535};
    default:
      return {};
  }
}

/// An int32 bias without a scale of its own is on the grid s_x * s_w.
Quantization bias_grid(const Graph& graph, const Op& op) {
  const Quantization& x = graph.value(op.inputs[0]).quantization;
  const Quantization& w = graph.value(op.inputs[1]).quantization;
  Quantization grid;
  if (x.scales.size() != 1) return grid;
  for (float scale : w.scales) grid.scales.push_back(x.scales[0] * scale);
  grid.zero_points.assign(grid.scales.size(), 0);
  return grid;
}

bool takes_bias(const Op& op) {
  return op.kind == OpKind::Conv || op.kind == OpKind::ConvTranspose || op.kind == OpKind::FullyConnected;
}

void name_bias_grids(Graph& graph) {
  for (const Op& op : graph.ops) {
    if (!takes_bias(op) || op.inputs.size() < 3 || op.inputs[2] == kNoValue) continue;
    Value& bias = graph.value(op.inputs[2]);
    if (bias.dtype == DType::int32 && bias.quantization.empty()) bias.quantization = bias_grid(graph, op);
  }
}

void round_slice(std::span<const float> in, std::span<float> out, const Codes& codes, float scale, int32_t zero) {
  // Adding and taking away 1.5 * 2^23 rounds half to even; codes are far below 2^22.
  constexpr float kRound = 12582912.0F;
  const auto low = static_cast<float>(codes.low - zero);
  const auto high = static_cast<float>(codes.high - zero);
  for (size_t i = 0; i < in.size(); ++i) {
    const float steps = std::isnan(in[i]) ? 0.0F : std::min(std::max(in[i] / scale, low), high);
    out[i] = ((steps + kRound) - kRound) * scale;
  }
}

}  // namespace

bool is_stored(DType type, const Quantization& quantization) {
  return codes_of(type).high > 0 && !quantization.empty();
}

StoredRange stored_range(DType type, const Quantization& quantization) {
  const Codes codes = codes_of(type);
  const double scale = quantization.scales[0];
  const int32_t zero = quantization.zero_points[0];
  return {(codes.low - zero) * scale, (codes.high - zero) * scale, int64_t{codes.high} - codes.low + 1};
}

Quantization quantization_for(DType type, double low, double high) {
  const Codes codes = codes_of(type);
  low = std::min(low, 0.0);
  high = std::max(high, 0.0);
  const double scale = std::max((high - low) / (codes.high - codes.low), 1e-30);
  const double zero = std::nearbyint(codes.low - low / scale);
  return {{static_cast<float>(scale)}, {static_cast<int32_t>(std::clamp<double>(zero, codes.low, codes.high))}, 0};
}

Tensor rounded_to(const Tensor& real, DType type, const Quantization& q) {
  const Codes codes = codes_of(type);
  if (codes.high == 0 || q.empty()) return real;
  auto made = Tensor::make(DType::float32, real.shape());
  if (!made.ok()) return real;
  const std::span<const float> in = real.data<float>();
  const std::span<float> out = made->mutable_data<float>();
  size_t inner = in.size();
  if (q.per_axis()) {
    inner = 1;
    for (size_t i = static_cast<size_t>(q.axis) + 1; i < real.shape().size(); ++i)
      inner *= static_cast<size_t>(real.shape()[i]);
  }
  for (size_t at = 0, slice = 0; at < in.size(); at += inner, ++slice) {
    const size_t s = slice % q.scales.size();
    round_slice(in.subspan(at, inner), out.subspan(at, inner), codes, q.scales[s], q.zero_points[s]);
  }
  return *std::move(made);
}

Result<Graph> float_twin(const Graph& graph) {
  Graph twin = graph;
  name_bias_grids(twin);
  for (Value& value : twin.values) {
    if (value.quantization.empty() || is_float(value.dtype)) continue;
    if (value.constant) {
      Tensor stored = *value.constant;
      stored.quantization = value.quantization;
      QUERN_TRY(value.constant, dequantize(stored));
    }
    value.dtype = DType::float32;
    value.quantization = {};
  }
  return twin;
}

}  // namespace quern
