// The file while it is being made: which values stand in it, under which names, with their axes in which order.
//
// A value may stand in the file in several *forms*. A form is a permutation: axis i of the array in the file is axis
// form[i] of the graph's value. {0, 3, 1, 2} is the channels-first form of a channels-last value. A Transpose of the
// graph gives no node: its result is its input in another form. A node Transpose is made where a form is asked for that
// is not there.
#pragma once

#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "graph/graph.h"
#include "prepare/relayout.h"
#include "write/onnx/node_builder.h"

namespace quern::onnx_writer {

using Form = Perm;
using Names = std::vector<std::string>;

/// {0, 1, …}
Form as_is(size_t rank);
inline const Form kChannelsFirst = {0, 3, 1, 2};

/// Whose QuantizeLinear and DequantizeLinear take 16 bits: ai.onnx's do so from opset 21 on, but ONNX Runtime 1.31
/// fails to optimize files of that opset that mix 8 and 16 bits.
inline constexpr const char* kWideDomain = "com.microsoft";

class Context {
 public:
  Context(const Graph& graph, int64_t opset);

  const Graph& graph;
  const int64_t opset;
  onnx::GraphProto file;

  // Reading
  /// What a node reads to get the value's real numbers (plain ones, when it is not quantized): "" for kNoValue.
  Result<std::string> read(ValueId id, const Form& form);
  Result<std::string> read(ValueId id);
  /// The same for an operand that broadcasts against arrays of the rank of `form`.
  Result<std::string> read_broadcast(ValueId id, const Form& form);
  /// The form the value stands in already; as it is for a constant.
  Form home(ValueId id) const;
  bool is_quantized(ValueId id) const;
  /// The type that readers see: float32 when it is quantized.
  DType real_type(ValueId id) const;
  /// Whether the value stands in the file in this form, without a node to be made for it.
  bool stands(ValueId id, const Form& form) const { return find(id, form) != nullptr; }

  // Making
  /// What the operator's node has to call the float numbers of an output; `settle` writes what follows them.
  std::string begin(ValueId id, const Form& form, const Clamp& clamp = {});
  /// The operators Quantize and Dequantize themselves.
  void quantize(const Op& op, const std::string& real, const Form& form);
  Status dequantize(const Op& op);
  /// Behind the nodes of an operator: activations, QuantizeLinear.
  void settle();
  /// `to` = Transpose(`from`, perm): the same arrays, seen in other forms.
  void alias(ValueId from, const Perm& perm, ValueId to);
  /// A node. Its name is made unique; that of its first output when `name` is empty.
  NodeBuilder node(const char* type, const std::string& name, const Names& inputs, const Names& outputs);
  /// A node whose result has the elements of `like` at other places; quantized again behind it when `like` is. Gives
  /// the name to read.
  std::string moved(const char* type, const std::string& input, ValueId like, const std::string& wish,
                    const Ints& numbers);
  /// `raw` behind an activation, and quantized as `like`. Gives the name to read.
  std::string requantized(const std::string& raw, ValueId like, const Clamp& clamp = {});
  /// A name that nothing in the file has.
  std::string unique(const std::string& wish);

  // Constants of the writer's own
  std::string ints(const std::string& wish, const Ints& values);
  /// A scalar of this type.
  std::string number(const std::string& wish, DType dtype, double value);
  std::string constant(const std::string& wish, const Tensor& tensor);
  /// DequantizeLinear of a constant; returns the name to read.
  std::string dequantized_constant(const std::string& wish, const Tensor& tensor);

  /// The name a value has in the file, without what marks its layout.
  std::string plain_name(ValueId id) const;
  /// Graph inputs and outputs, once.
  void write_inputs();
  Status write_outputs();

 private:
  /// One array of the file.
  struct Array {
    std::string name;               ///< of the value, for what is named after it
    std::string real;               ///< what float readers read; empty until somebody asks, when it is quantized
    std::string stored;             ///< the integers; empty when it is not quantized
    std::string scale, zero_point;  ///< initializers of a quantized one
    const Quantization* quantization = nullptr;
    DType dtype = DType::float32;
    int axis = 0;  ///< of quantization, in this form
  };
  struct View {
    Form form;
    size_t array;
  };
  struct Pending {
    ValueId id;
    Form form;
    Clamp clamp;
    std::string raw;   ///< what the operator's node gives
    std::string real;  ///< what readers (or QuantizeLinear) read
  };

  const View* find(ValueId id, const Form& form) const;
  Result<size_t> array_of(ValueId id, const Form& form);
  Result<size_t> constant_array(ValueId id, const Form& form);
  size_t transposed_array(ValueId id, const Form& form);
  const std::string& real_name(Array& array);
  void name_parameters(Array& array);
  void dequantize_node(const Array& array, const std::string& name, const std::string& real);
  void quantize_into(Array& array, const std::string& real, const std::string& node_name = {});
  size_t keep(ValueId id, const Form& form, Array array);
  std::string file_name(ValueId id, const Form& form);
  Pending named(ValueId id, const Form& form, const Clamp& clamp);
  /// What stands behind the node that gives `raw`; returns the array's index.
  size_t finish(const Pending& pending);
  void clamp_node(const Clamp& clamp, const std::string& raw, const std::string& real, DType dtype);
  void pin_outputs();
  Array quantized_array(ValueId id, const std::string& name) const;

  std::vector<Array> arrays_;
  std::vector<std::vector<View>> views_;  ///< by value
  std::vector<Pending> pending_;
  std::map<std::pair<ValueId, Form>, std::string> pinned_;  ///< arrays that are graph outputs, and their names
  std::unordered_set<std::string> taken_;
  std::unordered_set<std::string> node_names_;
  std::map<std::string, int> suffixes_;
};

/// The tensor with its axes in the order of `form`; the axis of a quantization follows.
Result<Tensor> turned(const Tensor& tensor, const Form& form);
/// An array of the file.
void fill(TensorProto& proto, const Tensor& tensor);
int32_t element_type(DType dtype);

}  // namespace quern::onnx_writer
