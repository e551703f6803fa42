// The weights of a product, moved to other places.
#pragma once

#include <functional>

#include "compile/npu/rewrite/rework.h"

namespace quern::npu {

/// Where a weight stands: O KH KW I.
using WeightIndex = std::array<int64_t, 4>;

/// Weights of another shape that are real zeros but for those that `from` gives: for a place in them the place in
/// `weights`, or a negative first index. Output channel o keeps the quantization of channel o % the channels there
/// were.
Tensor moved_weights(const Tensor& weights, const WeightIndex& shape,
                     const std::function<WeightIndex(const WeightIndex&)>& from);
/// A bias (or a list of scales) a channel, the whole of it `times` one behind the other.
Tensor repeated(const Tensor& bias, int64_t times);

/// Weights of 8 bits that are known: what the rewrites of products ask for.
bool has_known_weights(const Spot& spot);

}  // namespace quern::npu
