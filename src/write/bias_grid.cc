#include "write/bias_grid.h"

#include <algorithm>
#include <cmath>

namespace quern {

namespace {

bool near(const Quantization& have, const Quantization& want) {
  if (have.empty()) return true;
  if (want.empty() || (have.per_axis() && have.scales.size() != want.scales.size())) return false;
  for (size_t i = 0; i < want.scales.size(); ++i) {
    const float scale = have.scales[have.per_axis() ? i : 0];
    if (std::abs(scale - want.scales[i]) > 0.01f * want.scales[i]) return false;
  }
  return true;
}

template <typename T>
bool all_zero(const Tensor& bias) {
  return std::ranges::all_of(bias.data<T>(), [](T b) { return b == 0; });
}

}  // namespace

Quantization product_grid(const Quantization& x, const Quantization& w) {
  Quantization grid;
  if (x.scales.size() != 1) return grid;
  for (const float scale : w.scales) grid.scales.push_back(x.scales[0] * scale);
  grid.zero_points.assign(grid.scales.size(), 0);
  return grid;
}

Quantization bias_grid(const Graph& graph, const Op& op) {
  const Value& bias = graph.value(op.inputs[2]);
  if (!bias.constant || (bias.dtype != DType::int32 && bias.dtype != DType::int64)) return {};
  Quantization grid = product_grid(graph.value(op.inputs[0]).quantization, graph.value(op.inputs[1]).quantization);
  const bool zeros = bias.dtype == DType::int32 ? all_zero<int32_t>(*bias.constant) : all_zero<int64_t>(*bias.constant);
  if (!near(bias.quantization, grid) && !zeros) return {};
  return grid;
}

}  // namespace quern
