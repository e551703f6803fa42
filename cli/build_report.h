// build --report DIR: what each part of a package costs, in the board tools' words (docs/ax620_config.md).
#pragma once

#include "output.h"

namespace quern::cli {

/// A file part_N/inference_report.log for each partition and, below, the operators that the processor keeps.
/// Error: io; invalid_argument when nothing runs on a simulated NPU.
Status write_build_report(const CompiledModel& compiled, const std::string& folder);

}  // namespace quern::cli
