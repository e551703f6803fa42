// Makes a graph regular before anything is decided about it: shapes fixed, parameters final, constants folded, channels
// last throughout. The list of passes in prepare.cc is the table of contents; docs/passes.md says why in that order.
#pragma once

#include <functional>
#include <span>

#include "graph/graph.h"

namespace quern {

/// One pass: its name (also the name of its file), and what it does. It says whether it changed anything, and leaves a
/// graph that verifies and infers.
struct Pass {
  const char* name;
  Result<bool> (*run)(Graph& graph);
};

/// All passes in the order in which prepare runs them. A pass may stand in the list more than once.
std::span<const Pass> prepare_passes();

/// Called after each pass, for `quern inspect`.
using PassObserver = std::function<void(const Pass& pass, const Graph& graph, bool changed)>;

/// Runs all passes, with infer and verify between. Needs every extent of every graph input to be fixed
/// (invalid_argument naming the input otherwise). Names and layouts of the graph's inputs and outputs are kept.
/// unsupported, naming the operator, when a parameter is not known before running.
Status prepare(Graph& graph, const PassObserver& after_each = {});

/// Infers every shape, and evaluates operators whose inputs are known, in one sweep: shape arithmetic disappears.
Result<bool> fix_shapes(Graph& graph);
/// Parameter inputs become attributes; Flatten, Squeeze and Unsqueeze become Reshape with the final shape.
Result<bool> resolve(Graph& graph);
/// Operators that do nothing vanish (Identity, Reshape to the same shape, …); a Reshape of a Reshape becomes one.
Result<bool> remove_no_ops(Graph& graph);
/// Channels last: transposes sink until they cancel or stand at the graph's edge.
Result<bool> push_transposes(Graph& graph);
/// Operators whose inputs are all constants become constants.
Result<bool> fold_constants(Graph& graph);
/// A float MatMul by a constant matrix becomes FullyConnected, which has a place for a bias.
Result<bool> matmul_to_fully_connected(Graph& graph);
/// A Transpose inside the features that a FullyConnected reads goes into its weights.
Result<bool> turn_weights(Graph& graph);
/// BatchNorm becomes a Mul and an Add by constants.
Result<bool> fold_batch_norm(Graph& graph);
/// Mul, Div, Add and Sub by one number a channel go into the float weights and bias before them.
Result<bool> fold_scales(Graph& graph);
/// A constant Pad of H and W goes into the pads of the convolution or pool behind it.
Result<bool> fuse_pads(Graph& graph);
/// Relu and Clip become the clamp of the operator before them.
Result<bool> fuse_activations(Graph& graph);
/// Of operators that do the same to the same values one is left.
Result<bool> merge_duplicates(Graph& graph);
/// Drops what no output needs.
Result<bool> remove_dead(Graph& graph);

}  // namespace quern
