#include "plan/program_check.h"

#include "base/error.h"

namespace quern {

Status check_program(const Program& program, std::span<const PlanValue>) {
  if (program.scratch_bytes > kMaxScratch) return fail(ErrorCode::invalid_file, "the scratch memory is too large");
  return {};
}

}  // namespace quern
