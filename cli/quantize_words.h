// The verb quantize as a function: build uses it for configurations.
#pragma once

#include "output.h"
#include "quantize_options.h"

namespace quern::cli {

/// Looks for what can be wrong, calibrates, makes integers, writes, and says what it cost; gives an exit status.
Result<int> quantize_words(const QuantizeWords& words, const Voice& voice);

}  // namespace quern::cli
