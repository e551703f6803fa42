// The TFLite file while it is being made: its tensors, its operators, and which tensor stands for which value.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "graph/graph.h"
#include "tflite_generated.h"

namespace quern::tflite_writer {

namespace schema = quern::tflite::schema;
using B = schema::BuiltinOperator;
using Indices = std::vector<int>;

inline constexpr int kNone = -1;  ///< an operand that is absent

/// One tensor of the file.
struct FileTensor {
  std::string name;
  DType dtype = DType::float32;
  Shape shape;
  Quantization quantization;
  std::optional<Tensor> constant;
};

class Context {
 public:
  explicit Context(const Graph& graph);

  const Graph& graph;

  /// The tensor of a value, made when it is first asked for; kNone for kNoValue.
  int value(ValueId id);
  /// A tensor of the writer's own. Names are made unique.
  int add(const std::string& wish, DType dtype, const Shape& shape, const Quantization& quantization = {});
  int constant(const std::string& wish, const Tensor& tensor);
  /// The tensor that stands for a constant value in another form: under the value's name, when that is still free.
  int constant_for(ValueId id, const Tensor& tensor);
  /// A list of int32, made once for all who need the same.
  int ints(const Ints& list);
  int scalar(int32_t number);
  /// The valid until the next tensor is made.
  const FileTensor& tensor(int index) const { return tensors_[static_cast<size_t>(index)]; }
  /// The real numbers of a quantized tensor: a float constant, or the result of a DEQUANTIZE. Others as they are.
  int real(int index);

  void op(B code, const Indices& inputs, const Indices& outputs) { append(code, inputs, outputs, {}); }
  template <typename Options>
  void op(B code, const Indices& inputs, const Indices& outputs, Options options) {
    schema::BuiltinOptionsUnion held;
    held.Set(std::move(options));
    append(code, inputs, outputs, std::move(held));
  }

  /// The whole file; the context is spent. Errors: out_of_memory beyond the 2 GiB of a flatbuffer.
  Result<std::string> bytes(const std::string& producer);

 private:
  std::string unique(const std::string& wish);
  int keep(FileTensor tensor);
  void append(B code, const Indices& inputs, const Indices& outputs, schema::BuiltinOptionsUnion options);
  uint32_t operator_code(B code, int version);
  Status check_size() const;

  std::vector<FileTensor> tensors_;
  std::vector<int> of_value_;
  std::map<Ints, int> lists_;
  std::map<int, int> reals_;
  std::vector<schema::OperatorT> operators_;
  std::vector<std::pair<B, int>> codes_;
  std::unordered_set<std::string> names_;   ///< of all tensors, and of all values whether they are tensors or not
  std::unordered_set<ValueId> given_away_;  ///< constants whose name another form of them has
};

/// The version of an operator's definition that says what these operands need (versions.cc).
int version_of(B code, const std::vector<const FileTensor*>& inputs, const std::vector<const FileTensor*>& outputs,
               const schema::BuiltinOptionsUnion& options);

/// The float numbers of a quantized array; int32 ones too.
Tensor dequantized(const Tensor& tensor, const Quantization& quantization);

}  // namespace quern::tflite_writer
