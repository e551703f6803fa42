// The pre-processing record inside other JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "quern/task.h"

namespace quern {

/// The record that a JSON object gives. Errors: as parse_preprocess.
Result<Preprocess> read_preprocess(const nlohmann::json& object);

}  // namespace quern
