// What a placement says: a row an operator, and the sums that do not need programs.
#pragma once

#include "compile/npu/place.h"
#include "quern/compile.h"

namespace quern::npu {

/// Rows in the plan's order.
Placement table_of(const LoweredPlan& lowered, const std::vector<Verdict>& verdicts, const std::string& target);
/// Of the operators on the NPU, what the formula of docs/npu_targets.md says; 0 when there are none.
double formula_ms(const LoweredPlan& lowered, const std::vector<Verdict>& verdicts, const TargetProfile& profile);
/// Error placement, with the list of what the CPU would do, when less runs on the NPU than the options ask for.
Status check_required(const Placement& placement, const CompileOptions& options);

}  // namespace quern::npu
