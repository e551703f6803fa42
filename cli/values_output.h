// Values of a model as lines of a table.
#pragma once

#include <string>
#include <vector>

#include "output.h"

namespace quern::cli {

/// "scale 0.02, zero point 3", or how many scales there are; empty: not quantized.
std::string quantization_text(const Quantization& quantization);
/// A line a value, under a title: name, dtype, shape, quantization.
std::string values_text(const char* title, const std::vector<ValueInfo>& values);

}  // namespace quern::cli
