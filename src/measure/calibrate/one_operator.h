// One operator of a graph alone, on arrays: how quantize goes from layer to layer, and how a layer is judged by itself.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "quern/session.h"

namespace quern {

/// An operator with its kernel. Constants are the graph's own; every other present input is given at each run.
class OneOperator {
 public:
  /// Errors: unsupported when there is no kernel for the types the graph's values have now.
  static Result<OneOperator> create(const Graph& graph, const Op& op, const SessionOptions& options,
                                    Arithmetic arithmetic = Arithmetic::float_rule);

  /// `inputs` in the operator's order without its constants and absent ones; outputs in its order without absent ones.
  Result<std::vector<Tensor>> run(const std::vector<Tensor>& inputs) { return session_.run(inputs); }

 private:
  explicit OneOperator(Session session) : session_(std::move(session)) {}
  Session session_;
};

}  // namespace quern
