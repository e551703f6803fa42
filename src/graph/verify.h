// The gate. A graph that passed is trusted by every later stage; nobody checks again.
#pragma once

#include "graph/graph.h"

namespace quern {

/// Checks ids, arity, order, unique names, attribute ranges (strides > 0, groups divide channels, …), limits on
/// extents, and that quantizations fit their values (scales finite and > 0, zero points in range, axis and count
/// right). Works before shapes are known; after infer it also checks that they agree.
Status verify(const Graph& graph);

}  // namespace quern
