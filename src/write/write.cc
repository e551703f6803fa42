// save_model: the format is chosen by the suffix, and the file appears whole or not at all.
#include "write/writer.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "base/error.h"
#include "quern/file.h"
#include "quern/model.h"

namespace quern {

namespace {

struct FormatRow {
  std::string_view suffix;
  Result<std::string> (*write)(const Graph& graph);
};

constexpr FormatRow kFormats[] = {
    {".onnx", write_onnx},
    {".tflite", write_tflite},
};

const FormatRow* format_of(const std::string& path) {
  std::string lower = path;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const FormatRow& row : kFormats) {
    if (lower.ends_with(row.suffix)) return &row;
  }
  return nullptr;
}

std::string known_suffixes() {
  std::string list;
  for (const FormatRow& row : kFormats) list += (list.empty() ? "" : ", ") + std::string(row.suffix);
  return list;
}

}  // namespace

Status save_model(const Model& model, const std::string& path) {
  const FormatRow* format = format_of(path);
  if (format == nullptr) {
    return fail(ErrorCode::invalid_argument, "'{}' does not say which format to write; end the name in {}", path,
                known_suffixes());
  }
  QUERN_TRY(const std::string bytes, format->write(model.graph()));
  return write_file(path, bytes);
}

}  // namespace quern
