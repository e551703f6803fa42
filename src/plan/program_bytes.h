// A program as bytes: the layout that docs/npu.md section 5 draws.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "plan/program.h"
#include "quern/status.h"

namespace quern {

/// The version of the layout this build writes, and the only one it reads.
inline constexpr uint32_t kProgramVersion = 1;

/// The same program gives the same bytes.
std::vector<std::byte> write_program(const Program& program);

/// The inverse. Every count, enumerator and name is doubted; what the numbers mean is the business of check_program,
/// which a machine applies before it runs a program. Errors: invalid_file (with the offset), unsupported (another
/// version).
Result<Program> read_program(std::span<const std::byte> bytes);

}  // namespace quern
