// Balances channels: weak channels of a value are made stronger, and the weights that read them weaker, so that one
// scale for the whole value serves all of them.
#pragma once

#include <vector>

#include "quantize/assign.h"
#include "quantize/labels.h"
#include "quantize/range.h"

namespace quern {

/// How far channels are balanced. With r = a channel's reach over its value's reach (times `margin`, for samples not
/// seen yet) and u = the greatest weight that reads it over the greatest of all its neighbours' (dense readers only):
///   s = min(1, max(floor, r^strength / u^care))
/// divides the channel and multiplies the weights behind it. Readers with one input channel a group have a weight scale
/// a channel anyway, so they take any s for nothing (strength 1, care 0).
struct EqualizeOptions {
  float strength = 0.5F;
  float care = 0.5F;
  float margin = 1.5F;
  float floor = 0.02F;
};

/// By value, what each channel was divided by; empty where nothing was (or where channels are mixed on the way).
using ChannelFactors = std::vector<std::vector<float>>;

/// Divides channels by `factors`: weights and biases of the assignment's float graph take them up, in place.
Status apply_factors(Assignment& assignment, const ChannelFactors& factors);

/// Scales weights and biases of the assignment's float graph in place. `channels`: by value, the range of each index of
/// the last axis. Empty when there was nothing to scale.
Result<ChannelFactors> equalize(Assignment& assignment, const std::vector<std::vector<Range>>& channels,
                                const EqualizeOptions& options);

}  // namespace quern
