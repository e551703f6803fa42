// A float graph run operator by operator, every value shown on the way.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "measure/calibrate/one_operator.h"

namespace quern {

/// The inputs of `op` that change from run to run: present, not constant, each once, in order.
std::vector<ValueId> changing_inputs(const Graph& graph, const Op& op);
/// The outputs of `op` that are there.
std::vector<ValueId> present_outputs(const Op& op);
/// By operator: the values that nothing reads after it. Graph outputs are never among them.
std::vector<std::vector<ValueId>> last_uses(const Graph& graph);

/// Keeps one kernel an operator. Edges (Quantize and Dequantize between float values) pass their input through.
class GraphWalk {
 public:
  static Result<GraphWalk> create(const Graph& graph, const SessionOptions& options);

  using See = std::function<void(ValueId id, const Tensor& value)>;
  /// Runs one sample and shows every input and computed value once. `inputs` in the graph's order.
  Status run(const std::vector<Tensor>& inputs, const See& see);

 private:
  explicit GraphWalk(const Graph& graph) : graph_(&graph), dead_after_(last_uses(graph)) {}
  Status step(size_t index, std::map<ValueId, Tensor>& live, const See& see);

  const Graph* graph_;
  std::vector<std::vector<ValueId>> dead_after_;
  std::vector<std::optional<OneOperator>> operators_;  ///< none for an edge
};

/// A Quantize or Dequantize that a graph still passes float through.
bool is_open_edge(const Graph& graph, const Op& op);

}  // namespace quern
