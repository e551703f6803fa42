// Evaluates what is known before running. fix_shapes does the same while it infers; this pass takes what later passes
// uncover.

#include "prepare/evaluate.h"
#include "prepare/prepare.h"

namespace quern {

Result<bool> fold_constants(Graph& graph) {
  Folder folder(graph);
  std::vector<Op> kept;
  bool changed = false;
  for (Op& op : graph.ops) {
    if (folder.fold(op)) {
      changed = true;
    } else {
      kept.push_back(std::move(op));
    }
  }
  graph.ops = std::move(kept);
  return changed;
}

}  // namespace quern
