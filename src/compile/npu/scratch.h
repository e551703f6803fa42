// A place in the scratch memory for every buffer of a schedule.
#pragma once

#include "compile/npu/draft.h"

namespace quern::npu {

/// Turns addresses in buffers into addresses in scratch; buffers share memory when one is done with before the other
/// begins, in the order of the commands. Returns the bytes taken; the commands are left as they are when that exceeds
/// `room`.
int64_t place_buffers(const std::vector<int64_t>& buffers, std::vector<Command>& commands, int64_t room);

}  // namespace quern::npu
