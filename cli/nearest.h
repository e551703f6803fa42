// "Did you mean": the nearest of some known words.
#pragma once

#include <string>
#include <vector>

namespace quern::cli {

/// The known word with the fewest edits from `wish`, or "" when none is near enough to be a slip.
std::string nearest(const std::string& wish, const std::vector<std::string>& known);

}  // namespace quern::cli
