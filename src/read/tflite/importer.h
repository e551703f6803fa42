// One TFLite subgraph on its way into a Graph.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"
#include "read/tflite/tensors.h"

namespace quern::tflite {

/// Reads inputs, operators and outputs, in this order. Every tensor gets a value when it is first needed.
class Importer {
 public:
  Importer(const schema::Model& model, const schema::SubGraph& subgraph, int64_t file_bytes);

  /// The whole subgraph. Errors name the operator.
  Result<Graph> run();

  /// The value of a tensor that is read: a constant, or one that something made before.
  Result<ValueId> use(int tensor);
  /// Whether `use` would find it.
  Result<bool> usable(int tensor);
  /// Makes the value of a tensor that an operator gives, or that enters the graph.
  Result<ValueId> define(int tensor, bool input);
  /// The tensor's own name for the first value that stands for it, a variation of it for all later ones.
  std::string name_for(int tensor);

  Graph graph;
  Tensors tensors;

 private:
  Status read_inputs();
  Status read_operators();
  Status read_operator(const schema::Operator& op, int index);
  Status read_outputs();

  const schema::Model& model_;
  const schema::SubGraph& subgraph_;
  std::vector<ValueId> values_;   ///< by tensor
  std::vector<bool> name_given_;  ///< by tensor
};

}  // namespace quern::tflite
