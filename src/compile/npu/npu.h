// The NPU's part of compile(): place, cut the plan into partitions, compile each into a program.
#pragma once

#include "compile/npu/place.h"
#include "quern/compile.h"

namespace quern::npu {

/// Replaces the steps of each partition by one that runs its program, and says where everything runs. The plan's values
/// get no memory yet. Errors: placement, when less than `require_pct` of the multiply-accumulates would run on the NPU.
Result<Placement> compile_for_npu(LoweredPlan& lowered, const TargetProfile& profile, const CompileOptions& options);

}  // namespace quern::npu
