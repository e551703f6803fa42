// What becomes of an operator when a transpose moves from before it to behind it.
#pragma once

#include <optional>
#include <vector>

#include "graph/graph.h"
#include "prepare/relayout.h"

namespace quern {

/// The operator on inputs x, given that it ran on Transpose(x, perm).
struct SinkPlan {
  Attrs attrs;                ///< with axes mapped
  std::vector<Perm> outputs;  ///< old output i = Transpose(new output i, outputs[i])
  bool all_inputs =
      false;  ///< every input (broadcast to the rank of perm) has to lose the transpose, not only the first
};

/// Nothing when the operator cannot take its input in another order of axes. The operator has been inferred and
/// resolved; where not all_inputs, the transpose is that of its first input.
std::optional<SinkPlan> plan_sink(const Graph& graph, const Op& op, const Perm& perm);

}  // namespace quern
