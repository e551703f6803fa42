// Regular expressions that the user gave as text.
#pragma once

#include <regex>
#include <string>
#include <vector>

#include "quern/status.h"

namespace quern {

/// Error: invalid_argument, quoting the first that is none.
Result<std::vector<std::regex>> patterns(const std::vector<std::string>& texts);

}  // namespace quern
