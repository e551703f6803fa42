// A model as it was read: what it is, what goes in and comes out, which operators it has.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "quern/status.h"
#include "quern/tensor.h"

namespace quern {

struct Graph;

/// A named array of a model: an input, an output, or one between.
struct ValueInfo {
  std::string name;
  DType dtype = DType::float32;
  Shape shape;                ///< -1 where not fixed
  bool shape_known = true;    ///< false between inputs that are not fixed and here
  Quantization quantization;  ///< empty when the value is not quantized
  bool constant = false;
  std::vector<std::string> symbols;  ///< inputs: the file's names of the extents that are not fixed, "" for the others
};

/// One operator of a model.
struct OperatorInfo {
  std::string name;
  std::string kind;         ///< Quern's word: "Conv"
  std::string source_kind;  ///< the file's word: "DEPTHWISE_CONV_2D", "QLinearConv"
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  DType dtype = DType::float32;  ///< of the first output
  Shape shape;                   ///< of the first output, empty when not known
  int64_t macs = 0;              ///< multiply-accumulates, 0 when it has none or the shapes are not known
  bool from_file = true;         ///< false for what reading added (layout transposes at the edges)
};

/// Where a model came from.
struct ModelInfo {
  std::string format;  ///< "onnx", "tflite", "text"
  std::string producer;
  std::string file;
  std::string sha256;
  int64_t bytes = 0;
  std::vector<std::string> notes;  ///< what reading it had to decide, as sentences
};

/// An extent of an input that `fix_shape` has to give.
struct OpenDim {
  std::string input;
  size_t axis = 0;
  std::string symbol;  ///< the file's name for it, or "?"
};

/// A checked model. Immutable and cheap to copy.
class Model {
 public:
  /// Takes a graph that has passed the gate.
  Model(Graph graph, ModelInfo info);

  const ModelInfo& info() const { return info_; }
  const Graph& graph() const { return *graph_; }
  std::vector<ValueInfo> inputs() const;
  std::vector<ValueInfo> outputs() const;
  /// Every value, constants included.
  std::vector<ValueInfo> values() const;
  std::vector<OperatorInfo> operators() const;
  std::vector<OpenDim> open_dims() const;
  int64_t macs() const;
  /// Elements and bytes of all constants.
  int64_t parameters() const;
  int64_t parameters_bytes() const;

  /// This model with the shape of one input given. Errors: not_found, invalid_argument (rank, or an extent the file
  /// fixes).
  Result<Model> with_shape(const std::string& input, const Shape& shape) const;
  /// This model with one input replaced by a constant. Errors: not_found, invalid_argument (dtype or shape).
  Result<Model> with_constant(const std::string& input, const Tensor& value) const;

 private:
  std::shared_ptr<const Graph> graph_;
  ModelInfo info_;
};

/// Reads a model file; its format is told by its content. Errors: not_found, io, invalid_file, unsupported,
/// out_of_memory.
Result<Model> load_model(const std::string& path);

/// The model after preparation (constants folded, activations fused, channels last): what compile starts from.
Result<Model> prepared(const Model& model);

/// Writes a prepared model; the suffix of the path says the format: .onnx or .tflite. The file appears whole or not at
/// all. Errors: invalid_argument (another suffix; a model that is not prepared), unsupported (naming the operator that
/// the format cannot say), out_of_memory (beyond what the format holds), io.
Status save_model(const Model& model, const std::string& path);

/// The graph as text (docs/graph_text.md) and for Graphviz.
std::string graph_text(const Model& model);
std::string graph_dot(const Model& model);

}  // namespace quern
