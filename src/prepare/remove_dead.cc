// Drops operators and values that no graph output needs. Graph inputs stay, even when nothing reads them.

#include "prepare/prepare.h"

namespace quern {

Result<bool> remove_dead(Graph& graph) {
  const size_t ops = graph.ops.size();
  const size_t values = graph.values.size();
  compact(graph);
  return graph.ops.size() != ops || graph.values.size() != values;
}

}  // namespace quern
