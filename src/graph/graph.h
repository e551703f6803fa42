// The one model in memory. Readers make it, verify doubts it once, passes change it, compile lowers it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "graph/op.h"
#include "quern/tensor.h"

namespace quern {

using ValueId = int32_t;
inline constexpr ValueId kNoValue = -1;  ///< an optional input that is absent

/// An array that flows through the graph: an input, a constant, or what an operator gives.
struct Value {
  std::string name;  ///< the file's own name; unique in the graph. "X@nhwc" is the channels-last twin of the file's X
  DType dtype = DType::float32;
  Shape shape;                            ///< -1 where not fixed yet
  bool shape_known = false;               ///< false until infer has been here (always true for inputs and constants)
  Quantization quantization;              ///< empty: not quantized
  std::optional<Tensor> constant;         ///< set: the value is this array
  std::vector<std::string> symbols = {};  ///< inputs only: the file's name for each extent that is not fixed, else ""
};

/// One operator. Inputs may be kNoValue where optional; outputs may be kNoValue only after the first.
struct Op {
  OpKind kind = OpKind::Identity;
  std::string name;  ///< the file's own name, or one made from its first output
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;
  Attrs attrs;
  std::string source_kind = {};  ///< the file's own word for it, e.g. "QLinearConv", "DEPTHWISE_CONV_2D"
};

/// Where a graph came from, for people.
struct Origin {
  std::string format;              ///< "onnx", "tflite", "text"
  std::string producer;            ///< what the file says made it
  std::vector<std::string> notes;  ///< warnings of the reader, sentences
};

/// Values by index, operators in an order in which every input comes before its use. A plain value type: passes copy
/// and edit it. After editing, `compact` drops what is dead.
struct Graph {
  std::string name;
  Origin origin;
  std::vector<Value> values;
  std::vector<Op> ops;
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;

  Value& value(ValueId id) { return values[static_cast<size_t>(id)]; }
  const Value& value(ValueId id) const { return values[static_cast<size_t>(id)]; }
  bool is_constant(ValueId id) const { return id != kNoValue && value(id).constant.has_value(); }

  ValueId add_value(Value value);
  /// A constant value; its dtype, shape and quantization are the tensor's.
  ValueId add_constant(std::string name, Tensor tensor);
  /// Appends an operator with default attributes and returns a reference valid until the next append.
  Op& add_op(OpKind kind, std::string name, std::vector<ValueId> inputs, std::vector<ValueId> outputs);
  /// A name that no value has yet: `wish`, or `wish` with a number behind it.
  std::string fresh_name(const std::string& wish) const;
  /// kNoValue when there is none of that name.
  ValueId find(const std::string& name) const;
};

/// Who makes and who reads each value; a snapshot, to be made anew after edits.
struct Uses {
  explicit Uses(const Graph& graph);
  std::vector<int> producer;                ///< op index by value, -1 for inputs and constants
  std::vector<std::vector<int>> consumers;  ///< op indices by value, one entry an input slot
  std::vector<bool> is_output;              ///< the value is a graph output
};

/// Replaces every read of `from` (by operators and as a graph output) by `to`.
void replace_uses(Graph& graph, ValueId from, ValueId to);
/// Sorts operators into a valid order. invalid_file when there is a cycle.
Status sort_topologically(Graph& graph);
/// Drops operators and values nothing needs; keeps all graph inputs. Ids change.
void compact(Graph& graph);
/// Multiply-accumulates of one operator with known shapes (convolution, matrix product), else 0.
int64_t macs(const Graph& graph, const Op& op);

}  // namespace quern
