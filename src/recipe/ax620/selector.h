// What an item of operator_conf is about.
#pragma once

#include <regex>

#include "recipe/ax620/document.h"

namespace quern::ax620 {

/// The regular expression that a selector stands for; an empty one selects everything. `item` holds the selector.
/// Errors: invalid_file (a regular expression that is none, or both a name and one).
Result<std::string> pattern_of(const Selector& selector, const Node& item);
Result<std::regex> regex_of(const Selector& selector, const Node& item);

}  // namespace quern::ax620
