// Whether two graphs give the same bytes.
#pragma once

#include "graph/graph.h"

namespace quern::npu {

/// Runs both, operator by operator on the CPU, on the same inputs: every code in turn, then random ones. False when an
/// output differs, or when one of them cannot run.
bool same_bytes(const Graph& a, const Graph& b, Arithmetic arithmetic);

}  // namespace quern::npu
