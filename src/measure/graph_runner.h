// A prepared graph run operator by operator, every value at hand: what calibrating and comparing need and a session
// hides.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "base/threads.h"
#include "graph/graph.h"
#include "kernels/kernel.h"

namespace quern {

/// Of so many threads; 0: every core.
std::shared_ptr<ThreadPool> make_pool(int threads);

/// One operator of a graph with its kernel, by the float rule of rounding, on the machine's best instruction set.
class OperatorRunner {
 public:
  /// Shares the constants that the kernel reads. Errors: unsupported when no kernel takes the types that the graph's
  /// values have now, naming the operator.
  static Result<OperatorRunner> create(const Graph& graph, const Op& op);

  /// `inputs`: an array an input slot; nullptr where absent and where the graph has a constant.
  /// Outputs by slot, empty where absent.
  Result<std::vector<Tensor>> run(std::span<const Tensor* const> inputs, ThreadPool& pool) const;

 private:
  friend Result<std::vector<Tensor>> run_operator(const Graph&, const Op&, const std::vector<const Tensor*>&,
                                                  ThreadPool&);
  static Result<OperatorRunner> create(const Graph& graph, const Op& op, OpCall call);

  std::unique_ptr<Kernel> kernel_;  ///< none where a value passes through
  std::vector<Tensor> constants_;   ///< by input slot
  std::vector<Operand> outputs_;
};

/// The arrays of a run by ValueId; constants stay empty.
using RunValues = std::vector<Tensor>;

/// A Quantize or Dequantize between float values, as in a graph that is not quantized yet: what it reads passes
/// through.
bool is_open_edge(const Graph& graph, const Op& op);
/// By operator: the values that nothing reads after it. Graph outputs are never among them.
std::vector<std::vector<ValueId>> last_uses(const Graph& graph);

/// A graph with a kernel for every operator.
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

  using See = std::function<void(ValueId id, const Tensor& value)>;
  /// Runs one sample and shows every input and computed value once; each is dropped when nothing reads it any more.
  Status show(const std::vector<Tensor>& inputs, const See& see) const;

 private:
  GraphRunner(std::shared_ptr<const Graph> graph, std::shared_ptr<ThreadPool> pool)
      : graph_(std::move(graph)), pool_(std::move(pool)), dead_after_(last_uses(*graph_)) {}

  std::shared_ptr<const Graph> graph_;
  std::shared_ptr<ThreadPool> pool_;
  std::vector<std::vector<ValueId>> dead_after_;
  std::vector<OperatorRunner> operators_;
};

/// One operator of a graph on arrays; `inputs` has a pointer an input slot, nullptr where absent. Arrays given for
/// constants stand in for them.
Result<std::vector<Tensor>> run_operator(const Graph& graph, const Op& op, const std::vector<const Tensor*>& inputs,
                                         ThreadPool& pool);

}  // namespace quern
