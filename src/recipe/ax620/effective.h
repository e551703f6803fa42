// A configuration with every default resolved.
#pragma once

#include "quern/quantize.h"
#include "recipe/ax620/document.h"

namespace quern::ax620 {

/// As Ax620Config::text.
std::string effective_text(const Document& document, const Ax620Model& model, const Ax620Request& effective,
                           const std::string& folder, std::vector<std::string>& notes);

}  // namespace quern::ax620
