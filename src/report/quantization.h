// How a model was quantized, as a section of its page.
#pragma once

#include <string>

#include "quern/measure.h"

namespace quern {

/// `shown`: the samples that the rest of the page is of.
std::string quantization_section(const QuantizationFacts& facts, int64_t shown);

}  // namespace quern
