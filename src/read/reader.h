// A model file becomes a graph here, and nowhere else. Every byte is doubted once: after `read_model` succeeds, later
// stages trust what they see.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "graph/graph.h"

namespace quern {

/// Reads a model file whose format is told by its content. The graph has passed verify; shapes are inferred when every
/// input is fixed. Errors: not_found, io, invalid_file, unsupported (naming operator, attribute and value),
/// out_of_memory.
Result<Graph> read_model(const std::string& path);
/// The same of bytes that were read already; `path` is for messages and for files beside the model.
Result<Graph> read_model(std::span<const std::byte> bytes, const std::string& path);

/// The readers behind it. `path` is for messages and for files beside the model (ONNX external data).
Result<Graph> read_tflite(std::span<const std::byte> bytes, const std::string& path);
Result<Graph> read_onnx(std::span<const std::byte> bytes, const std::string& path);

}  // namespace quern
