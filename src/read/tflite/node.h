// One operator of the file while it is read: its operands, options, and what it becomes.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "read/tflite/importer.h"

namespace quern::tflite {

class Node;

/// How one builtin operator is read. A row whose kind says it all shares its function with others.
struct Row {
  schema::BuiltinOperator code;
  int min_inputs;
  int max_inputs;  ///< -1: any number
  int outputs;     ///< -1: any number, at least 1
  Status (*read)(Node&);
  OpKind kind = OpKind::Identity;
};

/// Operand indices are checked before a Node is handed to a function: they exist, inputs are there, outputs are new.
/// Functions return sentences without the operator's name; the importer adds it.
class Node {
 public:
  Node(Importer& importer, const schema::Operator& stored, const Row& row, std::string kind);
  /// Checks the operands against the row and makes the outputs' values.
  Status open();

  const Row& row() const { return row_; }
  const std::string& kind() const { return kind_; }
  const std::string& name() const { return name_; }
  Graph& graph() { return importer_.graph; }
  Importer& importer() { return importer_; }

  int inputs() const { return static_cast<int>(inputs_.size()); }
  int outputs() const { return static_cast<int>(outputs_.size()); }
  bool has(int i) const { return i < inputs() && inputs_[static_cast<size_t>(i)] >= 0; }
  /// What the file says of an operand. Requires has(i).
  const TensorInfo& input(int i) const { return *input_infos_[static_cast<size_t>(i)]; }
  const TensorInfo& output(int i = 0) const { return *output_infos_[static_cast<size_t>(i)]; }
  int input_tensor(int i) const { return inputs_[static_cast<size_t>(i)]; }

  /// The value of an input that must be there.
  Result<ValueId> value(int i);
  /// The value of an input, kNoValue when it is absent.
  Result<ValueId> optional_value(int i);
  /// The values of all inputs from `first` on; none may be absent.
  Result<std::vector<ValueId>> all_values(int first = 0);
  ValueId result(int i = 0) const { return results_[static_cast<size_t>(i)]; }
  std::vector<ValueId> all_results() const { return results_; }

  bool is_constant(int i) const { return has(i) && (input(i).constant || is_empty_constant(i)); }
  /// The elements of a constant integer input. `what` is the word for it in a sentence, e.g. "axes".
  Result<Ints> ints(int i, const char* what);
  Result<int64_t> scalar_int(int i, const char* what);
  /// The one element of a constant input as a real number: dequantized where it is quantized.
  Result<double> scalar_real(int i, const char* what);

  /// The operator's options, at their defaults when the file left them out.
  template <typename T>
  Result<const T*> options() const {
    if (stored_.builtin_options_type() == schema::BuiltinOptions::NONE || stored_.builtin_options() == nullptr)
      return &empty_table<T>();
    if (stored_.builtin_options_type() != schema::BuiltinOptionsTraits<T>::enum_value) {
      return fail(ErrorCode::invalid_file, "it carries the options of another operator (type {})",
                  static_cast<int>(stored_.builtin_options_type()));
    }
    return static_cast<const T*>(stored_.builtin_options());
  }

  /// Appends an operator of ours that stands for this one. All but the last get a name of their own.
  Op& add(OpKind kind, std::vector<ValueId> inputs, std::vector<ValueId> outputs);
  /// A value between two operators of ours, named after the first output; quantization as `like`.
  ValueId temporary(const char* suffix, DType dtype, const Quantization& quantization = {});
  ValueId temporary_like(const char* suffix, ValueId like);
  /// A constant of ours.
  ValueId constant(const char* suffix, Tensor tensor);

  /// An integer input as the int64 value that ONNX's parameter inputs are: cast where the file has another type.
  Result<ValueId> parameter(int i);
  /// Refuses 8-bit weights under a float input.
  Status refuse_hybrid(int x, int weights) const;
  /// Refuses an operator that is read as several when it is quantized, since what lies between has no scale.
  Status refuse_quantized() const;

 private:
  bool is_empty_constant(int i) const;
  Status check_counts() const;

  Importer& importer_;
  const schema::Operator& stored_;
  const Row& row_;
  std::string kind_;
  std::string name_;
  std::vector<int> inputs_;
  std::vector<int> outputs_;
  std::vector<const TensorInfo*> input_infos_;
  std::vector<const TensorInfo*> output_infos_;
  std::vector<ValueId> results_;
};

/// The bounds of a fused activation. Those that are no bounds are refused.
Result<Clamp> clamp_of(schema::Activation activation);

/// 1…limit, or a sentence with `what`.
Status check_positive(int64_t value, const char* what);

}  // namespace quern::tflite
