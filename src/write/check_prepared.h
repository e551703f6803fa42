// What every writer needs of a graph.
#pragma once

#include "base/error.h"
#include "graph/graph.h"

namespace quern {

/// invalid_argument, naming the value or operator, when a shape is not known or an operator still reads a parameter
/// that has to be an attribute.
Status check_prepared(const Graph& graph);

}  // namespace quern
