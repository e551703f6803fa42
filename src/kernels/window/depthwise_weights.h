// The integer weights of a depthwise convolution.
#pragma once

#include <vector>

#include "kernels/kernel.h"

namespace quern {

/// What a stored weight is moved by: to where its zero point is 0 (wide), or to a signed byte.
int32_t depthwise_weight_offset(const Operand& weights, bool wide, int64_t channel);
/// The weight of a tap, moved.
int32_t depthwise_weight(const OpCall& call, int64_t channel, int64_t tap, int64_t tap_count, bool wide);
/// The bias less what the input's zero point, as uint8, adds to every window of such weights.
std::vector<int32_t> depthwise_bias(const OpCall& call, int64_t channels, int64_t tap_count, bool wide);

}  // namespace quern
