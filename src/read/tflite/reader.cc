#include <cstring>
#include <limits>
#include <vector>

#include "base/error.h"
#include "read/reader.h"
#include "read/tflite/importer.h"

namespace quern {

namespace tflite {
namespace {

// Nesting of tables in a model is 5 deep. The largest models seen have 20 000 operators, at most 8 tables for each.
constexpr int kMaxDepth = 16;
constexpr int kMaxTables = 400'000;
constexpr int64_t kMaxFileBytes = (int64_t{1} << 31) - 1024;  // of a flatbuffer: offsets have 31 bits
// Flatbuffers stand on 8-byte boundaries of their own; the base must not break that.
constexpr size_t kAlignment = 16;

Result<const schema::Model*> open_model(std::span<const std::byte> bytes) {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  if (bytes.size() < 8 || std::memcmp(data + 4, "TFL3", 4) != 0) {
    return fail(ErrorCode::invalid_file, "this is no TFLite file: 'TFL3' is not at offset 4");
  }
  flatbuffers::Verifier verifier(data, bytes.size(), kMaxDepth, kMaxTables);
  if (!schema::VerifyModelBuffer(verifier)) {
    return fail(ErrorCode::invalid_file,
                "the file is damaged: its tables point outside of it or contradict each other; it may have been cut "
                "while it was "
                "copied ({} bytes are here)",
                bytes.size());
  }
  return schema::GetModel(data);
}

Result<Graph> read(std::span<const std::byte> bytes) {
  QUERN_TRY(const schema::Model* model, open_model(bytes));
  if (model->subgraphs() == nullptr || model->subgraphs()->size() == 0) {
    return fail(ErrorCode::invalid_file, "the file holds no subgraph");
  }
  const schema::SubGraph& subgraph = *model->subgraphs()->Get(0);
  Importer importer(*model, subgraph, static_cast<int64_t>(bytes.size()));
  Graph& graph = importer.graph;
  graph.origin.format = "tflite";
  const auto text = [](const flatbuffers::String* s) {
    return s == nullptr ? "" : printable({s->c_str(), std::min<size_t>(s->size(), 1024)});
  };
  graph.origin.producer = text(model->description());
  graph.name = text(subgraph.name());
  if (model->subgraphs()->size() > 1) {
    graph.origin.notes.push_back(
        fmt::format("the file holds {} subgraphs; the first is read", model->subgraphs()->size()));
  }
  return importer.run();
}

}  // namespace
}  // namespace tflite

Result<Graph> read_tflite(std::span<const std::byte> bytes, const std::string& path) {
  if (static_cast<int64_t>(bytes.size()) > tflite::kMaxFileBytes) {
    return Error{
        .code = ErrorCode::out_of_memory,
        .message = fmt::format("{} bytes are beyond the limit of {} for a model", bytes.size(), tflite::kMaxFileBytes),
        .file = path};
  }
  std::vector<std::byte> aligned;
  if (reinterpret_cast<uintptr_t>(bytes.data()) % tflite::kAlignment != 0) {
    aligned.assign(bytes.begin(), bytes.end());
    bytes = aligned;
  }
  auto graph = tflite::read(bytes);
  if (graph.ok()) return graph;
  Error error = graph.error();
  error.file = path;
  return error;
}

}  // namespace quern
