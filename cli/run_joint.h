// The log of the AX620 board's run_joint, line for line, with Quern's own figures (docs/ax620_config.md).
#pragma once

#include <string>
#include <vector>

#include "output.h"
#include "quern/session.h"

namespace quern::cli {

/// A session and what to feed it.
struct JointRun {
  const CompiledModel& compiled;
  Session& session;
  std::vector<Tensor> inputs;
  bool random_inputs = false;
  std::string tools_version;  ///< of the Quern that built the package
  std::string hash;           ///< of the model it was built from
  double create_ms = 0;       ///< opening the file and making the session
  int warmup = 0;
  int repeat = 1;
};

/// What the runs gave.
struct JointLog {
  std::string text;
  std::vector<Tensor> outputs;  ///< of the last run
};

/// Runs and writes the log. Of n > 1 runs the first is not counted, as on the board. The NPU's time is the simulated
/// one at the chip's clock; the processor's is measured here. The session must take the times of its steps.
Result<JointLog> run_joint(const JointRun& run);

}  // namespace quern::cli
