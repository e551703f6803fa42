#include <algorithm>

#include "base/error.h"
#include "graph/infer.h"
#include "graph/text.h"
#include "graph/verify.h"
#include "quern/file.h"
#include "quern/model.h"
#include "read/format.h"
#include "read/reader.h"

namespace quern {

namespace {

struct Refusal {
  FileFormat format;
  ErrorCode code;
  const char* sentence;
};

// What is said of a file that is no model Quern reads.
constexpr Refusal kRefusals[] = {
    {FileFormat::empty, ErrorCode::invalid_file, "the file is empty"},
    {FileFormat::torch_zip, ErrorCode::unsupported,
     "this is a PyTorch file, which holds weights but not always the operators; export it with "
     "torch.onnx.export(model, "
     "example, 'model.onnx') and give the .onnx file"},
    {FileFormat::torch_legacy, ErrorCode::unsupported,
     "this is a pickle (a PyTorch checkpoint of the old form), which holds weights but no operators; load it in "
     "PyTorch, "
     "export it with torch.onnx.export and give the .onnx file"},
    {FileFormat::zip, ErrorCode::unsupported,
     "this is a zip archive; unpack it and give the .tflite or .onnx file in it"},
    {FileFormat::hdf5, ErrorCode::unsupported,
     "this is an HDF5 file (Keras .h5); convert it with tf.lite.TFLiteConverter.from_keras_model and give the .tflite "
     "file"},
    {FileFormat::ncnn_param, ErrorCode::unsupported,
     "this is an ncnn .param file; Quern reads the ONNX file that it was made from"},
    {FileFormat::tensorflow_pb, ErrorCode::unsupported,
     "this looks like a TensorFlow graph (.pb); convert it with tf.lite.TFLiteConverter and give the .tflite file"},
    {FileFormat::json, ErrorCode::invalid_file,
     "this is a JSON file, not a model; Quern reads .tflite and .onnx files"},
    {FileFormat::plan, ErrorCode::unsupported,
     "this is a compiled plan, which can be run but not read as a model any more"},
    {FileFormat::unknown, ErrorCode::invalid_file,
     "this is no model that Quern knows: neither TFLite ('TFL3' at offset 4) nor ONNX nor a text graph; the file may "
     "be cut "
     "or be a download page"},
};

Result<Graph> parse(std::span<const std::byte> bytes, const std::string& path) {
  const FileFormat format = tell_format(bytes);
  if (format == FileFormat::tflite) return read_tflite(bytes, path);
  if (format == FileFormat::onnx) return read_onnx(bytes, path);
  if (format == FileFormat::text) {
    return parse_text(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }
  for (const Refusal& refusal : kRefusals) {
    if (refusal.format == format) return fail(refusal.code, "{}", refusal.sentence);
  }
  return fail(ErrorCode::internal, "no reader for file format {}", static_cast<int>(format));
}

bool inputs_fixed(const Graph& graph) {
  return std::all_of(graph.inputs.begin(), graph.inputs.end(), [&](ValueId id) {
    const Shape& shape = graph.value(id).shape;
    return std::all_of(shape.begin(), shape.end(), [](int64_t extent) { return extent >= 0; });
  });
}

Result<Graph> read_and_check(std::span<const std::byte> bytes, const std::string& path) {
  QUERN_TRY(Graph graph, parse(bytes, path));
  QUERN_CHECK(verify(graph));
  if (inputs_fixed(graph)) {
    QUERN_CHECK(infer(graph));
    QUERN_CHECK(verify(graph));
  }
  return graph;
}

}  // namespace

Result<Graph> read_model(const std::string& path) {
  QUERN_TRY(const std::vector<std::byte> bytes, read_file(path));
  return read_model(bytes, path);
}

Result<Graph> read_model(std::span<const std::byte> bytes, const std::string& path) {
  auto graph = read_and_check(bytes, path);
  if (graph.ok()) return graph;
  Error error = graph.error();
  if (error.file.empty()) error.file = path;
  return error;
}

Result<Model> load_model(const std::string& path) {
  QUERN_TRY(const std::vector<std::byte> bytes, read_file(path));
  QUERN_TRY(Graph graph, read_model(bytes, path));
  ModelInfo about{graph.origin.format, graph.origin.producer, path, sha256(bytes), static_cast<int64_t>(bytes.size()),
                  graph.origin.notes};
  return Model(std::move(graph), std::move(about));
}

}  // namespace quern
