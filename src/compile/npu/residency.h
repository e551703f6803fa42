// Which values stay in scratch from the job that makes them to the last that reads them.
#pragma once

#include "compile/npu/cost.h"

namespace quern::npu {

/// The jobs during which an owner's array is needed, and whether it may stay.
struct Life {
  int first = -1, last = -1;
  int64_t bytes = 0;
  bool may_stay = false;
  bool alive(int job) const { return first >= 0 && first <= job && job <= last; }
};

/// By owner. A value may stay when for the job that makes it and for each that reads it, all inputs and outputs
/// together fit the scratch memory; one that is made outside never does.
std::vector<Life> lives_of(const Part& part, int64_t scratch_bytes);

/// Bytes of the values that stay while a job runs.
int64_t staying_bytes(const std::vector<Life>& lives, const Residents& residents, int job);

/// Takes values as long as each job keeps `needs[job]` bytes of `room` for its tiles; those that save most transfers
/// for the memory and time they take come first.
Residents choose_residents(const Part& part, const std::vector<Life>& lives, const std::vector<int64_t>& needs,
                           int64_t room);

}  // namespace quern::npu
