// Weights and biases as integers.
#pragma once

#include <span>
#include <vector>

#include "quern/tensor.h"

namespace quern {

/// How the scales of weights are found.
struct WeightOptions {
  bool per_channel = true;  ///< one scale an output channel (axis 0); else one for all
  bool search = true;       ///< try narrower scales and keep the one with the least weighted squared error
  bool adapt = false;  ///< round errors against each other (quantize/round.h), where moments of the inputs are known
};

/// Symmetric int8 scales for weights O x …, one an output channel (all equal when not per_channel): reach / 127, or
/// less where clipping the largest weights costs less than rounding all others. `importance` weighs the squared error
/// of each element: empty (all alike), one number an element of a channel, or one an element.
std::vector<float> weight_scales(const Tensor& weights, const WeightOptions& options,
                                 std::span<const float> importance);

/// Raises scales where the bias would not fit: |bias| / (s_x * s_w) stays below 2^29, which leaves int32 room for sums.
/// The sums of 16-bit inputs have 64 bits of their own; then it stays below 2^31.
void make_room_for_bias(std::vector<float>& scales, std::span<const float> bias, float input_scale, DType input);

/// rint(w / s) in -127…127 as an int8 tensor that carries its quantization (per axis 0 with several scales).
Result<Tensor> quantize_weights(const Tensor& weights, const std::vector<float>& scales);
/// The real numbers that quantized weights stand for, in the same shape.
Result<Tensor> dequantize_weights(const Tensor& weights);

/// rint(b / (s_x * s_w[c])) as int32 on that grid.
Result<Tensor> quantize_bias(std::span<const float> bias, float input_scale, const std::vector<float>& scales);

}  // namespace quern
