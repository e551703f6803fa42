// Graph to plan: the same operators in the same order, with views folded away and every value numbered.
#pragma once

#include "graph/graph.h"
#include "plan/plan.h"

namespace quern {

/// Requires a prepared graph. A Reshape of a computed value becomes no step: its output shares its input's memory.
/// `PlanValue::offset` is left to allocate; values that share memory are listed in `alias` (index of the owner, or
/// itself).
struct LoweredPlan {
  Plan plan;
  std::vector<int> alias;
};
LoweredPlan lower(const Graph& graph, Arithmetic arithmetic);

}  // namespace quern
