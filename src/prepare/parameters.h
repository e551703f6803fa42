// Parameter inputs: the inputs that carry numbers an operator must have before it runs (a shape, axes, pads).
#pragma once

#include "graph/graph.h"

namespace quern {

/// True when input `slot` of this kind is a parameter (ops.inc).
bool is_parameter(OpKind kind, size_t slot);

/// unsupported, saying what to do, when a parameter of the operator is not a constant.
Status parameters_are_constant(const Graph& graph, const Op& op);

}  // namespace quern
