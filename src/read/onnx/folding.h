// Float nodes between DequantizeLinear and QuantizeLinear become operators on the quantized values themselves.
//
// A node folds when every data input is dequantized from 8 bits (a bias: from int32), every output is read by exactly
// one QuantizeLinear and is no graph output, and its row says that it may. An activation between the node and the
// QuantizeLinear becomes the operator's clamp. Two kinds of nodes fold on one side alone: a product whose output stays
// float, and an activation of a float value. What does not fold stays as the file says it, in float.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "read/onnx/quantization.h"
#include "read/onnx/rows.h"

namespace quern::onnx {

/// Who reads each name of the file.
class Readers {
 public:
  explicit Readers(const GraphProto& graph);

  bool is_graph_output(const std::string& name) const { return outputs_.contains(name); }
  bool is_read(const std::string& name) const { return is_graph_output(name) || nodes_.contains(name); }
  /// The node that alone reads `name`; -1 when there are more, or none, or the graph gives it out.
  int only_reader(const std::string& name) const;

 private:
  struct Reading {
    int node;
    int count;
  };
  std::unordered_map<std::string_view, Reading> nodes_;
  std::unordered_set<std::string_view> outputs_;
};

/// How one node is folded.
struct FoldPlan {
  struct Output {
    std::string name;        ///< what the QuantizeLinear gives; empty where the node gives nothing
    std::string float_name;  ///< what the node gives
    std::string value_name;  ///< what the value is called; `name`, unless that is only made from the float value's name
    Storage storage;         ///< float32 and not quantized where the result stays float
  };
  std::vector<ValueId> inputs;  ///< quantized values; kNoValue for those that are read by their name
  std::vector<Output> outputs;
  Clamp clamp;
  std::vector<int> swallowed;  ///< the QuantizeLinear nodes and activations that go with it
};

/// Decides on node `index`. Changes nothing. Versions are those of the ai.onnx operators.
std::optional<FoldPlan> plan_fold(const Context& cx, const GraphProto& graph, const Readers& readers, int index,
                                  const Row& row, int64_t opset);

}  // namespace quern::onnx
