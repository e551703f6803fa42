// --max-drop: the limit that the 8-bit model has to hold, and what was tried for it.
#pragma once

#include "output.h"
#include "quantize_options.h"

namespace quern::cli {

/// What the words ask for; nothing without --max-drop.
/// Errors: invalid_argument (words that contradict, a task that does not fit the labels); those of the labels' file.
Result<std::optional<DropLimit>> limit_of(const QuantizeWords& words, const Preprocess& record, const Voice& voice);

/// The list of what was tried, the chosen model marked, and a sentence where none holds the limit.
std::string text_of(const DropReport& report);
Json json_of(const DropReport& report);

}  // namespace quern::cli
