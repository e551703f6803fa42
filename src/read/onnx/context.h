// The graph while it is being made from an ONNX file, and one node of the file as its handler sees it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "graph/graph.h"
#include "read/onnx/attributes.h"
#include "read/onnx/tensor_data.h"

namespace quern::onnx {

/// One node, its names already turned into values.
struct Node {
  const NodeProto* proto;
  std::string kind;              ///< the file's word, with the domain in front unless it is ai.onnx
  std::string name;              ///< of the operator it becomes
  int64_t opset;                 ///< version of its domain
  OpKind op = OpKind::Identity;  ///< what its row says it becomes, for handlers shared by many rows
  Attributes attributes;
  std::vector<ValueId> inputs;   ///< as many as the row allows; kNoValue where absent
  std::vector<ValueId> outputs;  ///< those the row allows; kNoValue where absent
  Clamp clamp;                   ///< an activation folded into it
  bool quantized = false;        ///< it stands between Dequantize and Quantize: its values are the quantized ones

  bool has_input(size_t i) const { return i < inputs.size() && inputs[i] != kNoValue; }

  /// An error whose sentence begins with the operator: "Conv 'stem': …".
  template <typename... Args>
  Error fail(ErrorCode code, fmt::format_string<Args...> sentence, Args&&... args) const {
    return Error{code, fmt::format("{} '{}': {}", kind, name, fmt::format(sentence, std::forward<Args>(args)...)), "",
                 name, kind};
  }
};

/// A value of the file that a DequantizeLinear gives: nothing is computed until somebody needs the float numbers.
struct Dequantized {
  ValueId quantized = kNoValue;
  std::string op_name;  ///< of the DequantizeLinear
};

class Context {
 public:
  Context(const std::string& model_path, int64_t file_bytes) : external(model_path), file_bytes_(file_bytes) {}

  Graph graph;
  ExternalData external;
  std::unordered_map<std::string, Tensor> constants;         ///< of the file, by name, until they are used
  std::unordered_map<std::string, Dequantized> dequantized;  ///< by the float value's name
  std::unordered_map<std::string, int> rank_hints;           ///< from value_info
  std::map<std::pair<ValueId, std::string>, ValueId> twins;  ///< by value and suffix: the same in another layout
  std::unordered_set<std::string> half_outputs;              ///< graph outputs that must leave as float16

  // Names
  /// Keeps a name of the file from being given to a value of our own.
  void reserve(const std::string& name) { taken_.insert(name); }
  /// Notes that a node or a list of the file gives this name. invalid_file when it was given before.
  Status claim(const std::string& name);
  /// A name that nothing has yet.
  std::string unique(const std::string& wish);
  /// The value of this name, made on demand from a constant or a DequantizeLinear. invalid_file when nothing gives it.
  Result<ValueId> read(const std::string& name);
  /// The value of this name if it is there already, else kNoValue.
  ValueId find(const std::string& name) const;
  /// Makes the value a node or the graph's input list gives, and claims its name.
  Result<ValueId> define(const std::string& name, DType dtype = DType::float32, Quantization quantization = {});
  /// A graph input. One of float16 is cast at once: computing is done in float32.
  Status define_input(Value value);
  /// What the graph gives out under this name: `id`, or its cast back to float16.
  Result<ValueId> outside_value(const std::string& name, ValueId id);
  /// The same as `define` for what can be computed while reading.
  Status define_constant(const std::string& name, Tensor tensor);

  // Making
  /// A value of our own, of the same type and quantization as `like`.
  ValueId make_like(const std::string& wish, ValueId like);
  ValueId make_constant(const std::string& wish, Tensor tensor);
  ValueId make_ints(const std::string& wish, const Ints& ints);
  /// The node's operator: carries its name.
  void emit(const Node& node, OpKind kind, std::vector<ValueId> inputs, std::vector<ValueId> outputs, Attrs attrs);
  void emit(const Node& node, OpKind kind, std::vector<ValueId> inputs, std::vector<ValueId> outputs);
  /// An operator of our own beside it; named after its output.
  void emit_helper(OpKind kind, std::vector<ValueId> inputs, ValueId output, Attrs attrs,
                   const std::string& source_kind = {});

  // Knowing
  /// Number of axes, or -1 when that is not known before shapes are inferred.
  int rank(ValueId id) const;
  const Tensor* constant(ValueId id) const;
  bool is_constant_of_file(ValueId id) const { return graph.is_constant(id); }
  /// The elements of an integer constant; nothing when it is not one.
  std::optional<Ints> constant_ints(ValueId id) const;
  /// The elements of a float constant; nothing when it is not one.
  std::optional<std::vector<float>> constant_floats(ValueId id) const;

  /// Gives a value its quantization, as a DequantizeLinear or a QLinear operator states it. Returns the value, or a
  /// copy of a constant that is already read with another one. unsupported when the value has another one.
  Result<ValueId> set_quantization(ValueId id, const Quantization& quantization);
  /// out_of_memory once the constants made here (reordered, dequantized, …) are far more than the files hold: a small
  /// file may name one constant in many nodes.
  Status within_budget() const;
  /// Notes that an operator reads the integers of this value as plain numbers.
  void read_plainly(ValueId id) { plain_.insert(id); }

 private:
  Result<ValueId> materialize(const std::string& name, const Dequantized& source);
  ValueId add(Value value, int rank);
  void push(OpKind kind, const std::string& name, std::vector<ValueId> inputs, std::vector<ValueId> outputs,
            Attrs attrs, std::string source_kind);

  std::unordered_map<std::string, ValueId> values_;
  std::unordered_set<std::string> given_;  ///< names of the file that something has given so far
  std::unordered_set<std::string> taken_;
  std::unordered_map<std::string, int> suffixes_;
  std::unordered_set<std::string> op_names_;
  std::unordered_set<ValueId> plain_;
  int64_t file_bytes_;
  int64_t made_bytes_ = 0;  ///< of constants that are not the file's own
  std::vector<int> ranks_;  ///< by value
};

/// The rank of an operator's outputs from its inputs' ranks, where that can be told; -1 otherwise.
int output_rank(const Graph& graph, const Op& op, const std::vector<int>& ranks);

/// The real numbers of a quantized constant, as float32.
Result<Tensor> dequantize(const Tensor& tensor);

}  // namespace quern::onnx
