// A partition's jobs as groups with tilings, and the values that stay in scratch.
#pragma once

#include "compile/npu/draft.h"
#include "compile/npu/residency.h"

namespace quern::npu {

struct Arrangement {
  std::vector<TiledGroup> groups;
  Residents residents;
};

/// `room` is the scratch memory that may be planned with; less than there is leaves gaps that placing needs. Every job
/// of the part must fit the scratch memory alone (place.cc has seen to that). With `simple`, nothing stays, nothing is
/// joined, and tiles do not overlap.
Arrangement arrange(const Part& part, const Chip& chip, int64_t room, bool simple);

}  // namespace quern::npu
