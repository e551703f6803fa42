// The operands of one command by themselves: that they lie in their memories.
#pragma once

#include <span>

#include "plan/plan.h"
#include "plan/program.h"

namespace quern {

/// That a transfer stays inside the value or the image, and the scratch memory, touches no byte of what it writes
/// twice, and names a value that the program may load or store. The head of the program must have been checked.
Status check_transfer(const Program& program, std::span<const PlanValue> values, Engine engine,
                      const Transfer& transfer);

/// That the pieces of a computation lie in the scratch memory, outputs apart from each other, and that their
/// quantizations exist and fit their types.
Status check_pieces(const Program& program, const Computation& computation);

}  // namespace quern
