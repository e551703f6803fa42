// The order of a partition's commands: computations in the order of the draft, loads as early as scratch memory allows.
#pragma once

#include "compile/npu/draft.h"

namespace quern::npu {

struct ScheduleOptions {
  int64_t room = 0;        ///< bytes of scratch that buffers may take at any time
  int64_t ahead = 0;       ///< bytes that may be loaded before the stage that is computed next needs them
  bool store_late = true;  ///< stores stand behind the next computation, which then has a buffer of its own
};

/// Commands without waits, addresses still in buffers.
std::vector<Command> schedule(const Draft& draft, const ScheduleOptions& options);

}  // namespace quern::npu
