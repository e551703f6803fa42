// The complete check of a program: docs/npu.md section 4. Behind it nobody doubts a program again.
#pragma once

#include <span>

#include "plan/plan.h"
#include "plan/program.h"

namespace quern {

/// The largest scratch memory a program may ask for, and the most commands and layers it may have.
inline constexpr int64_t kMaxScratch = int64_t{1} << 28;
inline constexpr size_t kMaxCommands = 1'000'000;
inline constexpr size_t kMaxLayers = 1'000'000;

/// Checks all of a program against the values of its plan, which must be sound themselves. Errors: invalid_file, whose
/// sentence names the command by its index and its layer.
Status check_program(const Program& program, std::span<const PlanValue> values);

}  // namespace quern
