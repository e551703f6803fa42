// What channels carry always, as samples show it, and what is left of them without it.
#pragma once

#include <span>

#include "measure/calibrate/observe.h"
#include "quantize/absorb.h"

namespace quern {

/// By value and channel: max(0, mean - 3 std) of the numbers seen (Nagel et al. 2019, section 4.1.3), but at most what
/// all but one in 740 of them reach, the share of a Gaussian beyond 3 std: a channel that is often 0 has nothing to
/// give away, whatever its mean. Empty where nothing was counted.
ChannelOffsets carried(const Observations& seen);

/// What would have been seen with `offsets` (one a channel) taken off, and nothing left below 0.
Observation lowered(const Observation& seen, std::span<const float> offsets);

}  // namespace quern
