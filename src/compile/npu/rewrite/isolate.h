// One operator in a graph of its own, and back.
#pragma once

#include "graph/graph.h"

namespace quern::npu {

struct Isolated {
  Graph graph;
  std::vector<ValueId> origin;  ///< of each of its values, the value of the whole graph
  std::vector<int> ops;         ///< of the whole graph, that it holds; ascending
};

/// The operator, with the Dequantize that makes its float32 inputs, and the activation or Quantize that alone reads its
/// float32 result: what lies between them no memory outside the NPU sees.
Isolated isolate(const Graph& graph, int op);

/// Puts the changed operators of `part` into the whole graph, where those it was made of are taken out by `finish`.
/// Values that `isolate` made must still stand under their index. Gives the names of the operators.
std::vector<std::string> put_back(Graph& graph, const Isolated& part);

}  // namespace quern::npu
