// One partition of a plan as a program.
#pragma once

#include <optional>
#include <span>

#include "compile/npu/cost.h"

namespace quern::npu {

/// What a partition is compiled for.
struct Machine {
  std::string target;  ///< "sim:ax620"
  std::string mode;    ///< virtual-NPU mode, or empty
  Chip chip;
  bool overhead_by_level = false;  ///< parallel layers share one overhead
};

/// `steps` are indices into the plan, ascending. Nothing when the buffers cannot be placed in the scratch memory.
std::optional<Program> compile_partition(const LoweredPlan& lowered, std::span<const int> steps, const Machine& machine,
                                         bool keep_values);

}  // namespace quern::npu
