// "did you mean": the nearest of a few known words.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace quern {

/// The word with the fewest single-letter edits from `written`; the first of equals. Requires at least one word.
std::string nearest_word(std::string_view written, std::span<const std::string> known);

}  // namespace quern
