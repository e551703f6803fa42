// The gate for plans that come from a file.
#pragma once

#include "package/plan_bytes.h"

namespace quern {

/// Fills in PlanValue::bytes, and checks that everything fits: indices, memory (inside the arena, no step writing what
/// it reads), and, by the gate of graphs, operand counts, attributes, quantizations and shapes. `constant_bytes`: how
/// many the section of constants has. `programs`: how many there are, each checked by check_program against this
/// plan's values. Error: invalid_file.
Status check_plan(ReadPlan& read, int64_t constant_bytes, int programs);

}  // namespace quern
