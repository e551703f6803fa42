// How many samples are looked at closely: those that layers are made and judged with, which are held in memory.
#pragma once

#include "quantize/assign.h"

namespace quern {

/// Operators [begin, end) that one sample can run before the next: an integer matrix operator, whose constants are made
/// from all samples, begins another segment.
size_t segment_end(const Assignment& assignment, size_t begin);

/// Of `available` samples: all up to 20, then as many as can be held in 20 MiB, 32 at most. More than that would change
/// little; and memory must not grow with the data.
int64_t close_samples(const Assignment& assignment, int64_t available);

}  // namespace quern
