// Shapes and types of every value, from the inputs on.
#pragma once

#include "graph/graph.h"

namespace quern {

/// Computes shape and dtype of the outputs of one operator whose inputs are all known, normalizes negative axes, turns
/// auto_pad into pads, and fills the resize sizes and scales. Parameter inputs that are constants are read in place.
/// Errors: invalid_file when the operator contradicts its inputs; unsupported when the result depends on data.
/// Every error names operator, attribute, and value.
Status infer_op(Graph& graph, Op& op);

/// Runs infer_op over all operators. Needs every graph input's extents to be fixed.
Status infer(Graph& graph);

}  // namespace quern
