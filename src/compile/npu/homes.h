// Where values lie: joins and splits without arithmetic are places in a larger array instead of work.
#pragma once

#include "compile/npu/part.h"

namespace quern::npu {

/// Parts of joins get their place in the output's array; an input that only the join needs as an array of its own is
/// made right there, and its job disappears.
void place_joins(const LoweredPlan& lowered, Part& part);
/// Outputs of splits and of slices in steps of 1 become places in their input's array, and their jobs disappear.
void place_splits(const LoweredPlan& lowered, Part& part);

}  // namespace quern::npu
