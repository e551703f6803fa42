// Shapes and types of every value, from the inputs on.
#pragma once

#include "graph/graph.h"

namespace quern {

/// Computes shape and dtype of the outputs of one operator whose inputs are all known, normalizes negative axes, turns
/// auto_pad into pads, and fills the resize sizes and scales. Parameter inputs that are constants are read in place.
/// Errors: invalid_file when the operator contradicts its inputs; unsupported when the result depends on data.
/// Every error names operator, attribute, and value. May be run again after edits: it computes everything anew.
/// Limits: 8 axes; an output takes at most Tensor::kMaxBytes.
///
/// Types: truth values are boolean; indices and extents int64 unless the output is declared int32; Cast and Fill say
/// their own; an output that is quantized keeps its dtype and quantization; any other has the dtype of the first data
/// input.
Status infer_op(Graph& graph, Op& op);

/// Gives the output of an operator that infer_op has seen as a constant, when it follows from shapes alone (Shape,
/// Size), or when it is arithmetic on a few constants, as exporters write it for shapes, and no output of the graph.
/// True when it did so: nothing then needs the operator, and the caller drops it.
Result<bool> fold_extents(Graph& graph, const Op& op);

/// Runs infer_op over all operators and drops those that fold_extents made constant. Needs every graph input's extents
/// to be fixed.
Status infer(Graph& graph);

}  // namespace quern
