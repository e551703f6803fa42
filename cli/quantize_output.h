// What quantize says when it is done.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "output.h"
#include "quern/quantize.h"

namespace quern::cli {

/// What was written, and how long everything took.
struct QuantizedFile {
  std::string model;  ///< as the user named it
  std::string out;
  std::string format;  ///< "onnx" or "tflite"
  std::span<const std::byte> bytes;
  double seconds = 0;
};

std::string text_of(const QuantizeResult& result, const QuantizedFile& file);
Json json_of(const QuantizeResult& result, const QuantizedFile& file);

}  // namespace quern::cli
