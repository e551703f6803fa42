// The time line of a program as figures for its reader: by engine, by layer, in all.
#pragma once

#include "plan/program.h"
#include "quern/npu.h"

namespace quern::machine {

/// Requires a checked program. `partition` is left empty.
NpuReport report_of(const Program& program);

}  // namespace quern::machine
