// How many samples are looked at closely: those that layers are made and judged with, which are held in memory.
#pragma once

#include "quantize/assign.h"

namespace quern {

/// Of `available` samples: all up to 14, then as many as can be held in 20 MiB, 32 at most. More than that would change
/// little; and memory must not grow with the data.
int64_t close_samples(const Assignment& assignment, int64_t available);

}  // namespace quern
