// The list `operators` of a target's file: which operators it takes, and their limits.
#pragma once

#include "targets/sim/json_fields.h"
#include "targets/sim/profile.h"

namespace quern {

/// An operator kind by its name in ops.inc.
Result<OpKind> op_kind(const Field& field);
/// All rows; a kind may stand in one row only. Errors: invalid_file.
Result<std::vector<OperatorRule>> parse_operators(const Field& field);

}  // namespace quern
