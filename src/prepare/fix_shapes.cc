// Infers and folds in one sweep, because each needs the other: the shape input of a Reshape is often computed by
// Shape -> Gather -> Concat, and what comes after the Reshape can be inferred only when that has been folded.

#include "base/error.h"
#include "graph/infer.h"
#include "prepare/evaluate.h"
#include "prepare/parameters.h"
#include "prepare/prepare.h"

namespace quern {

namespace {

Result<bool> infer_and_fold(Graph& graph, Folder& folder, Op& op) {
  QUERN_CHECK(parameters_are_constant(graph, op));
  QUERN_CHECK(infer_op(graph, op));
  QUERN_TRY(const bool folded, fold_extents(graph, op));
  return folded || folder.fold(op);
}

}  // namespace

Result<bool> fix_shapes(Graph& graph) {
  Folder folder(graph);
  std::vector<Op> kept;
  for (Op& op : graph.ops) {
    QUERN_TRY(const bool folded, infer_and_fold(graph, folder, op));
    if (!folded) kept.push_back(std::move(op));
  }
  const bool changed = kept.size() != graph.ops.size();
  graph.ops = std::move(kept);
  return changed;
}

}  // namespace quern
