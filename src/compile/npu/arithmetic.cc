#include "compile/npu/arithmetic.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace quern::npu {

namespace {

bool is_integer_code(DType type) {
  return type == DType::int8 || type == DType::uint8 || type == DType::int16 || type == DType::uint16;
}
bool is_byte(DType type) {
  return type == DType::int8 || type == DType::uint8;
}
bool is_product(OpKind kind) {
  return kind == OpKind::Conv || kind == OpKind::ConvTranspose || kind == OpKind::FullyConnected ||
         kind == OpKind::MatMul;
}

bool takes(const OperatorRule* rule, DType type) {
  if (rule == nullptr) return is_integer_code(type);
  return std::find(rule->types.begin(), rule->types.end(), type) != rule->types.end();
}

/// The farthest a code of this value can be from its zero point.
int64_t distance(const PlanValue& value) {
  const bool is_signed = value.dtype == DType::int8 || value.dtype == DType::int16;
  const int64_t range = is_byte(value.dtype) ? 256 : 65536;
  const int64_t low = is_signed ? -range / 2 : 0;
  int64_t farthest = 0;
  for (int32_t z : value.quantization.zero_points) farthest = std::max({farthest, z - low, low + range - 1 - z});
  return value.quantization.zero_points.empty() ? range - 1 : farthest;
}

int64_t largest_bias(const Facts& f, const PlanValue& bias) {
  if (bias.constant < 0) return int64_t{1} << 30;
  const Tensor& tensor = f.plan.constants[static_cast<size_t>(bias.constant)];
  int64_t most = 0;
  if (bias.dtype == DType::int32) {
    for (int32_t b : tensor.data<int32_t>()) most = std::max(most, std::abs(int64_t{b}));
  } else if (bias.dtype == DType::int64) {
    for (int64_t b : tensor.data<int64_t>()) most = std::max(most, b < 0 ? -(b + 1) + 1 : b);
  }
  return most;
}

/// Taps of one result.
int64_t taps_of(const Facts& f, const PlanValue& x, const PlanValue& w) {
  if (f.step.kind == OpKind::MatMul) {
    const auto& a = std::get<MatMulAttrs>(f.step.attrs);
    return x.shape.empty() ? 1 : x.shape[x.shape.size() - (a.transpose_a && x.shape.size() > 1 ? 2 : 1)];
  }
  int64_t taps = 1;
  for (size_t i = 1; i < w.shape.size(); ++i) taps *= w.shape[i];
  return taps;
}

/// The bias stands on the grid of the product, within the 1 % that converters round.
bool on_grid(const Facts& f, const PlanValue& x, const PlanValue& w, const PlanValue& bias) {
  const bool wide = !is_byte(x.dtype) || !is_byte(w.dtype);
  if (bias.dtype != DType::int32 && !(bias.dtype == DType::int64 && wide)) return false;
  if (bias.constant >= 0 && largest_bias(f, bias) == 0) return true;
  const auto& scales = bias.quantization.scales;
  for (size_t c = 0; c < scales.size(); ++c) {
    const auto& of_weights = w.quantization.scales;
    const float s = of_weights[of_weights.size() > 1 ? std::min(c, of_weights.size() - 1) : 0];
    const float expected = x.quantization.scales[0] * s;
    if (std::abs(scales[c] - expected) > 0.01f * expected) return false;
  }
  return true;
}

std::optional<std::string> product_broken(const Facts& f) {
  const PlanValue& x = f.plan.values[static_cast<size_t>(f.step.inputs[0])];
  const PlanValue& w = f.plan.values[static_cast<size_t>(f.step.inputs[1])];
  if (x.quantization.empty() || w.quantization.empty() || x.quantization.per_axis())
    return "its operands have no scale of their own; quantize the model";
  const bool wide = !is_byte(x.dtype) || !is_byte(w.dtype);
  int64_t most = wide ? int64_t{1} << 47 : (int64_t{1} << 31) - 1;
  if (f.step.inputs.size() > 2 && f.step.inputs[2] >= 0) {
    const PlanValue& bias = f.plan.values[static_cast<size_t>(f.step.inputs[2])];
    if (!on_grid(f, x, w, bias))
      return fmt::format("its bias '{}' is not on the grid of input scale times weight scale; quantize the model anew",
                         bias.name);
    most -= largest_bias(f, bias);
  }
  const int64_t taps = taps_of(f, x, w);
  if (most >= 0 && taps <= most / std::max<int64_t>(distance(x) * distance(w), 1)) return std::nullopt;
  return fmt::format("sums of {} products can leave {} bits; split the input channels and add the results", taps,
                     wide ? 48 : 32);
}

/// A value in float32 between a product and the activation that reads it alone: accumulators, which no memory outside
/// the NPU sees. Models are quantized so where an activation follows, since two roundings are worse than one.
bool is_accumulator(const Facts& f, int id) {
  const PlanValue& value = f.plan.values[static_cast<size_t>(id)];
  const auto& outputs = f.plan.outputs;
  if (value.dtype != DType::float32 || std::find(outputs.begin(), outputs.end(), id) != outputs.end()) return false;
  const PlanStep* maker = nullptr;
  const PlanStep* reader = nullptr;
  size_t reads = 0;
  for (const PlanStep& step : f.plan.steps) {
    if (std::find(step.outputs.begin(), step.outputs.end(), id) != step.outputs.end()) maker = &step;
    const auto count = static_cast<size_t>(std::count(step.inputs.begin(), step.inputs.end(), id));
    if (count > 0) reader = &step;
    reads += count;
  }
  return maker != nullptr && is_product(maker->kind) && reads == 1 && info(reader->kind).family == OpFamily::unary &&
         is_integer_code(f.plan.values[static_cast<size_t>(reader->outputs[0])].dtype);
}

std::optional<std::string> float_broken(const Facts& f, const PlanValue& value) {
  return fmt::format("'{}' is {}; this NPU computes in 8 and 16 bits: quantize the model", value.name,
                     to_string(value.dtype)) +
         (f.step.kind == OpKind::Quantize || f.step.kind == OpKind::Dequantize ? " to its edges" : "");
}

}  // namespace

std::optional<std::string> types_broken(const OperatorRule* rule, const Facts& f) {
  const auto broken = [&](int id, size_t slot) -> std::optional<std::string> {
    if (id < 0) return std::nullopt;
    const PlanValue& value = f.plan.values[static_cast<size_t>(id)];
    if (is_product(f.step.kind) && slot == 2) return std::nullopt;
    const bool weights = is_product(f.step.kind) && slot == 1 && value.constant >= 0;
    if (weights && is_byte(value.dtype)) return std::nullopt;
    if (!weights && takes(rule, value.dtype)) {
      if (is_integer_code(value.dtype) && value.quantization.empty())
        return fmt::format("'{}' is {} without a scale; quantize the model", value.name, to_string(value.dtype));
      return std::nullopt;
    }
    if (is_float(value.dtype) && is_accumulator(f, id)) return std::nullopt;
    if (is_float(value.dtype)) return float_broken(f, value);
    return fmt::format("'{}' is {}, which {} does not compute in{}", value.name, to_string(value.dtype), f.profile.name,
                       is_integer_code(value.dtype) ? "; keep it at 8 bits" : "");
  };
  for (size_t i = 0; i < f.step.inputs.size(); ++i) {
    if (auto found = broken(f.step.inputs[i], i)) return found;
  }
  for (int id : f.step.outputs) {
    if (auto found = broken(id, 99)) return found;
  }
  return std::nullopt;
}

std::optional<std::string> arithmetic_broken(const Facts& f) {
  if (f.step.kind != OpKind::Split && f.step.outputs.size() != 1)
    return fmt::format("it gives {} results; the NPU gives one", f.step.outputs.size());
  return is_product(f.step.kind) ? product_broken(f) : std::nullopt;
}

}  // namespace quern::npu
