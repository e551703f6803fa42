#include "values_output.h"

#include <algorithm>

namespace quern::cli {

namespace {

std::string shape_text(const ValueInfo& value) {
  if (!value.shape_known && value.shape.empty()) return "?";
  std::string text;
  for (size_t i = 0; i < value.shape.size(); ++i) {
    const bool named = value.shape[i] < 0 && i < value.symbols.size() && !value.symbols[i].empty();
    text += (i == 0 ? "" : "x") + (value.shape[i] >= 0 ? std::to_string(value.shape[i])
                                   : named             ? value.symbols[i]
                                                       : "?");
  }
  return text.empty() ? "scalar" : text;
}

}  // namespace

std::string quantization_text(const Quantization& q) {
  if (q.empty()) return "";
  if (!q.per_axis()) return fmt::format("scale {:.9g}, zero point {}", q.scales[0], q.zero_points[0]);
  const auto [least, most] = std::minmax_element(q.scales.begin(), q.scales.end());
  return fmt::format("{} scales on axis {}, {:.6g} to {:.6g}", q.scales.size(), q.axis, *least, *most);
}

std::string values_text(const char* title, const std::vector<ValueInfo>& values) {
  std::vector<std::vector<std::string>> rows;
  for (const ValueInfo& value : values) {
    rows.push_back({value.name, to_string(value.dtype), shape_text(value), quantization_text(value.quantization)});
  }
  return table({title, "dtype", "shape", "quantization"}, rows);
}

}  // namespace quern::cli
