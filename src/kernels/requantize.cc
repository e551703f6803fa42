#include "kernels/requantize.h"

#include <cmath>
#include <limits>

namespace quern {

int32_t Requantization::store_wide(int64_t accumulator, int64_t channel) const {
  const auto c = static_cast<size_t>(channel);
  const StoredBounds bounds{out_min, out_max};
  if (rounding == Rounding::float_even)
    return place(round_half_even(static_cast<float>(accumulator) * scale[c]), zero_point, bounds);
  if (rounding == Rounding::fixed_wide)
    return place(multiply_wide(accumulator, {multiplier[c], shift[c]}), zero_point, bounds);
  if (rounding == Rounding::fixed_away)
    return place(round_half_away(static_cast<double>(accumulator) * factor[c]), zero_point, bounds);
  constexpr int64_t kLow = std::numeric_limits<int32_t>::min(), kHigh = std::numeric_limits<int32_t>::max();
  return store(static_cast<int32_t>(std::clamp(accumulator, kLow, kHigh)), channel);
}

namespace {

/// The farthest a stored value of this operand can be from its zero points.
int64_t largest_distance(const Operand& operand) {
  const StoredBounds range = stored_range(operand.dtype);
  int64_t largest = 0;
  for (int32_t z : operand.quantization.zero_points) {
    largest = std::max({largest, std::abs(int64_t{range.low} - z), std::abs(int64_t{range.high} - z)});
  }
  return largest;
}

template <typename T>
int64_t largest_magnitude(const T* values, int64_t count) {
  constexpr int64_t kFar = std::numeric_limits<int64_t>::max();  // also of the one number without a positive twin
  int64_t largest = 0;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t v = values[i];
    largest = std::max(largest, v >= -kFar ? std::abs(v) : kFar);
  }
  return largest;
}

int64_t largest_sum(const OpCall& call) {
  return sums_are_wide(call) ? int64_t{1} << 47 : int64_t{std::numeric_limits<int32_t>::max()};
}

int64_t largest_bias(const OpCall& call) {
  if (!call.has_input(2)) return 0;
  const Operand& bias = call.inputs[2];
  if (bias.constant == nullptr) return largest_sum(call) / 2;
  return bias.dtype == DType::int64 ? largest_magnitude(bias.constant_as<int64_t>(), bias.size())
                                    : largest_magnitude(bias.constant_as<int32_t>(), bias.size());
}

Rounding fixed_rounding(const OpCall& call) {
  const bool connected = call.kind == OpKind::FullyConnected;
  if (sums_are_wide(call)) return connected ? Rounding::fixed_away : Rounding::fixed_wide;
  return connected ? Rounding::fixed_single : Rounding::fixed_double;
}

/// s_x * s_w / s_y in double. TFLite multiplies the two input scales in float32 first wherever the weights have one
/// scale for all channels, but for convolutions of other than uint8 and for 16-bit fully connected operators.
double fixed_factor(const OpCall& call, float weight_scale) {
  const float x = scale_of(call.inputs[0]);
  const float y = scale_of(call.outputs[0]);
  const bool convolution = call.kind == OpKind::Conv || call.kind == OpKind::ConvTranspose;
  const bool by_channel = call.inputs[1].quantization.per_axis() ||
                          (convolution && call.inputs[0].dtype != DType::uint8) ||
                          (call.kind == OpKind::FullyConnected && sums_are_wide(call));
  const double product =
      by_channel ? static_cast<double>(x) * static_cast<double>(weight_scale) : static_cast<double>(x * weight_scale);
  return product / static_cast<double>(y);
}

void set_output(Requantization& r, const Operand& output, const Clamp& clamp, Arithmetic arithmetic) {
  const StoredBounds bounds = stored_bounds(output, clamp, arithmetic);
  r.zero_point = zero_point_of(output);
  r.out_min = bounds.low;
  r.out_max = bounds.high;
}

void add_multiplier(Requantization& r, double factor) {
  const FixedMultiplier m = quantize_multiplier(factor);
  r.multiplier.push_back(m.multiplier);
  r.shift.push_back(m.shift);
}

}  // namespace

StoredBounds stored_range(DType type) {
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
      return {std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
  }
}

StoredBounds stored_bounds(const Operand& output, const Clamp& clamp, Arithmetic arithmetic) {
  const StoredBounds range = stored_range(output.dtype);
  if (!clamp.active()) return range;
  const float scale = scale_of(output);
  const int32_t zero_point = zero_point_of(output);
  return {quantize_value(clamp.low, scale, zero_point, range, arithmetic),
          quantize_value(clamp.high, scale, zero_point, range, arithmetic)};
}

int32_t quantize_value(float real, float scale, int32_t zero_point, StoredBounds bounds, Arithmetic arithmetic) {
  if (std::isnan(real)) return place(0, zero_point, bounds);
  // Beyond int32 everything saturates; the bound keeps the conversion to integers defined.
  constexpr float kFar = 4e9f;
  const float steps = std::clamp(real / scale, -kFar, kFar);
  const int32_t rounded =
      arithmetic == Arithmetic::float_rule ? round_half_even(steps) : round_half_away(static_cast<double>(steps));
  return place(rounded, zero_point, bounds);
}

Requantization product_requantization(const OpCall& call, const Clamp& clamp, int64_t channels) {
  Requantization r;
  const auto& weight_scales = call.inputs[1].quantization.scales;
  const float x = scale_of(call.inputs[0]);
  const auto weight_scale = [&](int64_t c) {
    return weight_scales[weight_scales.size() > 1 ? static_cast<size_t>(c) : 0];
  };
  if (is_real(call.outputs[0])) {
    r.rounding = Rounding::real;
    r.clamp = clamp;
    for (int64_t c = 0; c < channels; ++c) r.scale.push_back(x * weight_scale(c));
    return r;
  }
  const float y = scale_of(call.outputs[0]);
  if (call.arithmetic == Arithmetic::fixed_rule) r.rounding = fixed_rounding(call);
  for (int64_t c = 0; c < channels; ++c) {
    const float w = weight_scale(c);
    if (r.rounding == Rounding::float_even) {
      r.scale.push_back(x * w / y);
    } else if (r.rounding == Rounding::fixed_away) {
      r.factor.push_back(fixed_factor(call, w));
    } else {
      add_multiplier(r, fixed_factor(call, w));
    }
  }
  set_output(r, call.outputs[0], clamp, call.arithmetic);
  return r;
}

Requantization scalar_requantization(double factor, const Operand& output, const Clamp& clamp, Arithmetic arithmetic) {
  Requantization r;
  if (arithmetic == Arithmetic::float_rule) {
    r.scale.push_back(static_cast<float>(factor));
  } else {
    r.rounding = Rounding::fixed_double;
    add_multiplier(r, factor);
  }
  set_output(r, output, clamp, arithmetic);
  return r;
}

Requantization mean_requantization(float s_in, int64_t count, const Operand& output, const Clamp& clamp,
                                   Arithmetic arithmetic) {
  const float s_out = scale_of(output);
  if (arithmetic == Arithmetic::float_rule) {
    return scalar_requantization(static_cast<double>(s_in / s_out / static_cast<float>(count)), output, clamp,
                                 arithmetic);
  }
  Requantization r =
      scalar_requantization(static_cast<double>(s_in) / static_cast<double>(s_out), output, clamp, arithmetic);
  // As many bits as count has are gained before the integer division, and given back by the shift.
  const int bits = 63 - __builtin_clzll(static_cast<unsigned long long>(count));
  const int gained = std::min({bits, 32, 31 + r.shift[0]});
  r.multiplier[0] = static_cast<int32_t>((int64_t{r.multiplier[0]} << gained) / count);
  r.shift[0] -= gained;
  return r;
}

bool is_quantized_8bit(const Operand& operand) {
  return operand.present && is_8bit(operand.dtype) && operand.quantization.scales.size() == 1;
}

bool is_quantized(const Operand& operand) {
  return operand.present && is_8_or_16bit(operand.dtype) && operand.quantization.scales.size() == 1;
}

bool is_wide(const OpCall& call) {
  const auto wide = [](const Operand& operand) {
    return operand.present && is_16bit(operand.dtype) && !operand.quantization.empty();
  };
  return std::ranges::any_of(call.inputs, wide) || std::ranges::any_of(call.outputs, wide);
}

bool sums_are_wide(const OpCall& call) {
  return is_16bit(call.inputs[0].dtype) || is_16bit(call.inputs[1].dtype);
}

bool is_integer_product(const OpCall& call, int channel_axis, int64_t taps) {
  const Operand& w = call.inputs[1];
  const Quantization& q = w.quantization;
  const bool width = is_8bit(w.dtype) || (call.kind == OpKind::MatMul && is_16bit(w.dtype));
  return is_quantized(call.inputs[0]) && (is_quantized(call.outputs[0]) || is_real(call.outputs[0])) && width &&
         !q.empty() && (!q.per_axis() || q.axis == channel_axis) && bias_is_on_grid(call) &&
         fits_accumulator(call, taps);
}

bool is_real(const Operand& operand) {
  return operand.present && operand.dtype == DType::float32 && operand.quantization.empty();
}

bool fits_accumulator(const OpCall& call, int64_t taps) {
  const int64_t product = largest_distance(call.inputs[0]) * largest_distance(call.inputs[1]);
  const int64_t room = largest_sum(call) - largest_bias(call);
  return room >= 0 && taps <= room / std::max<int64_t>(product, 1);
}

bool bias_is_on_grid(const OpCall& call) {
  if (!call.has_input(2)) return true;
  const Operand& bias = call.inputs[2];
  if (bias.dtype != DType::int32 && !(bias.dtype == DType::int64 && sums_are_wide(call))) return false;
  // Zeros are on every grid; converters write them with any scale.
  if (bias.constant != nullptr && largest_bias(call) == 0) return true;
  const auto& scales = bias.quantization.scales;
  const auto& weight_scales = call.inputs[1].quantization.scales;
  for (size_t c = 0; c < scales.size(); ++c) {
    const float w = weight_scales[weight_scales.size() > 1 ? std::min(c, weight_scales.size() - 1) : 0];
    const float expected = scale_of(call.inputs[0]) * w;
    // Converters store the product after roundings of their own; 1 % is far from any other grid.
    if (std::abs(scales[c] - expected) > 0.01f * expected) return false;
  }
  return true;
}

ByteTable definition_table(const Operand& from, const Operand& to, Arithmetic arithmetic) {
  ByteTable table{};
  for (int byte = 0; byte < 256; ++byte) {
    const int32_t stored = from_byte(static_cast<uint8_t>(byte), from.dtype);
    const float real = dequantize_value(stored, scale_of(from), zero_point_of(from));
    table[static_cast<size_t>(byte)] =
        to_byte(quantize_value(real, scale_of(to), zero_point_of(to), stored_range(to.dtype), arithmetic));
  }
  return table;
}

ByteTable requantize_table(const Operand& from, const Operand& to, Arithmetic arithmetic) {
  const CodeRequantization requantize(from, to, arithmetic);
  ByteTable table{};
  for (int byte = 0; byte < 256; ++byte) {
    table[static_cast<size_t>(byte)] = to_byte(requantize(from_byte(static_cast<uint8_t>(byte), from.dtype)));
  }
  return table;
}

CodeRequantization::CodeRequantization(const Operand& from, const Operand& to, Arithmetic arithmetic)
    : bounds_(stored_range(to.dtype)),
      s_from_(scale_of(from)),
      s_to_(scale_of(to)),
      z_from_(zero_point_of(from)),
      z_to_(zero_point_of(to)),
      arithmetic_(arithmetic) {
  const double factor = static_cast<double>(s_from_) / static_cast<double>(s_to_);
  if (arithmetic == Arithmetic::fixed_rule) fixed_ = scalar_requantization(factor, to, {}, arithmetic);
}

int32_t CodeRequantization::operator()(int32_t code) const {
  if (arithmetic_ == Arithmetic::fixed_rule) return fixed_.store(code - z_from_, 0);
  return quantize_value(dequantize_value(code, s_from_, z_from_), s_to_, z_to_, bounds_, arithmetic_);
}

}  // namespace quern
