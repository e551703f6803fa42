// What a placement costs and what --auto-rewrite did, in words.
#pragma once

#include "output.h"
#include "quern/compile.h"

namespace quern::cli {

/// "estimated 1.2 ms on the npu (1.4 ms by the formula) and 0.1 ms on the cpu".
std::string estimate_text(const PlacementTotals& totals);
/// A row an operator that was replaced, and what it gained. Without --auto-rewrite that there is one, where something
/// runs on the CPU beside an NPU.
std::string rewrites_text(const Placement& placement);

}  // namespace quern::cli
