// Rewrites that bring operators from the CPU onto the NPU: found operator by operator, compared byte for byte.
#pragma once

#include <set>

#include "compile/npu/place.h"
#include "graph/graph.h"
#include "quern/compile.h"

namespace quern::npu {

/// One operator that was replaced.
struct Replaced {
  int op = 0;                       ///< of the graph that was given
  PlacementRewrite row;             ///< what to say of it
  std::set<std::string> operators;  ///< names of what stands in its place
};

struct Rewritten {
  Graph graph;
  std::vector<Replaced> replaced;
};

/// Replaces operators of a prepared graph that the target refuses by others that it takes and that give the same bytes
/// under the rule, which is tried on random inputs for each of them. Operators in `skip` stay. The graph comes back
/// prepared. Errors: internal.
Result<Rewritten> rewrite_for(const Graph& graph, const TargetProfile& profile, Arithmetic arithmetic,
                              const std::set<int>& skip);

/// As compile_for_npu, of the graph that `lowered` was made of, after rewrites. One whose operators end on the CPU all
/// the same, as an island, is undone.
Result<Placement> compile_rewritten(const Graph& graph, LoweredPlan& lowered, const TargetProfile& profile,
                                    const CompileOptions& options);

}  // namespace quern::npu
