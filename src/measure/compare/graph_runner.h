// A prepared graph run operator by operator, every value at hand: what comparing needs and a session hides.
#pragma once

#include <memory>
#include <vector>

#include "base/threads.h"
#include "graph/graph.h"
#include "kernels/kernel.h"

namespace quern {

/// The arrays of a run by ValueId; constants stay empty.
using RunValues = std::vector<Tensor>;

/// Kernels chosen for every operator of a graph, by the float rule of rounding, on the machine's best instruction set.
class GraphRunner {
 public:
  /// Shares the graph, whose constants the kernels read. Errors: unsupported, naming the operator.
  static Result<GraphRunner> create(std::shared_ptr<const Graph> graph, std::shared_ptr<ThreadPool> pool);

  const Graph& graph() const { return *graph_; }
  /// Everything for these inputs. Error: invalid_argument (count, dtype or shape of the inputs).
  Result<RunValues> run(const std::vector<Tensor>& inputs) const;
  /// Puts inputs in their places.
  Result<RunValues> feed(const std::vector<Tensor>& inputs) const;
  /// Computes the outputs of one operator from `values`.
  Status step(size_t index, RunValues& values) const;

 private:
  GraphRunner(std::shared_ptr<const Graph> graph, std::shared_ptr<ThreadPool> pool)
      : graph_(std::move(graph)), pool_(std::move(pool)) {}

  std::shared_ptr<const Graph> graph_;
  std::shared_ptr<ThreadPool> pool_;
  std::vector<std::unique_ptr<Kernel>> kernels_;  ///< none where a value passes through
};

/// One operator of a graph on arrays; `inputs` has a pointer an input slot, nullptr where absent.
Result<std::vector<Tensor>> run_operator(const Graph& graph, const Op& op, const std::vector<const Tensor*>& inputs,
                                         ThreadPool& pool);

}  // namespace quern
