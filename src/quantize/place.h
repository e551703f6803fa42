// The integer constants of a matrix operator, put into a graph in the making.
#pragma once

#include "graph/graph.h"

namespace quern {

/// Gives operator `index` of `graph` integer weights and a bias, under names made from those of the float graph `real`
/// that `graph` began as. A second call replaces them.
void place_product(Graph& graph, const Graph& real, size_t index, Tensor weights, Tensor bias);

}  // namespace quern
