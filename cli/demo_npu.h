// The demo's last stretch: an 8-bit model as a package for a simulated NPU.
#pragma once

#include <string>

#include "output.h"
#include "quern/session.h"
#include "quern/task.h"

namespace quern::cli {

/// What is asked for.
struct NpuPart {
  std::string target;    ///< "sim:qcs6490"
  std::string file;      ///< where the package goes
  std::string pictures;  ///< a folder; some of them are run on both sides
  Task task;
};

/// A package that was written, read back and run.
struct NpuStory {
  Session session;
  Placement placement;
  double chip_ms = 0;  ///< of one run, at the chip's clock: simulated
  int64_t package_bytes = 0;
  int64_t compared = 0;  ///< pictures whose outputs were compared with the processor's by the fixed rule
  bool same_bytes = false;
};

/// Error: placement, when an operator with multiply-accumulates would be left to the processor.
Result<NpuStory> tell_npu(const Model& model, const NpuPart& part);

std::string npu_line(const NpuStory& story, const NpuPart& part);
Json npu_json(const NpuStory& story, const NpuPart& part);

}  // namespace quern::cli
