// One graph on the processor and on a simulated NPU, compared byte for byte.
#pragma once

#include <string>

#include "graph/graph.h"
#include "targets/sim/profile.h"

namespace quern {

/// A plain machine that takes every kind, with this much scratch memory.
TargetProfile plain_profile(int64_t scratch_bytes);

struct EqualRun {
  bool equal = false;
  int64_t npu_operators = 0;
  int64_t cpu_operators = 0;
  std::string problem;       ///< why not equal, and what runs on the CPU
  std::string changes = {};  ///< what rewrites did, a line each
};

/// Compiles the graph for both under `fixed`, runs both on the same random inputs; with `rewrite` after --auto-rewrite.
EqualRun run_both(const Graph& graph, const TargetProfile& profile, uint64_t seed, bool rewrite = false);

}  // namespace quern
