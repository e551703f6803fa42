// What runs where, as the one JSON object that verbs print (placement_json in quern/compile.h) and packages hold.
#pragma once

#include "package/json_keys.h"
#include "quern/compile.h"

namespace quern {

/// The inverse of placement_json. Errors: invalid_file.
Result<Placement> read_placement(Keys keys);

}  // namespace quern
