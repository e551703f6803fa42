// When every command of a program runs: a simulation of the four engines, event by event.
#pragma once

#include <array>
#include <vector>

#include "plan/program.h"
#include "targets/sim/machine/timing.h"

namespace quern::machine {

/// One command on the time line, in cycles from the program's start.
struct CommandTime {
  double start = 0;
  double end = 0;
};

struct Timeline {
  std::vector<CommandTime> commands;  ///< by index
  std::vector<Cost> costs;            ///< the same
  std::vector<double> overhead;       ///< the same: cycles of the layer's overhead that the command carries
  std::array<double, kEngines>
      stalled{};      ///< idle cycles of an engine before a command that waits for another engine's
  double cycles = 0;  ///< the end of the last command
};

/// Requires a checked program. The engines start when the fixed overhead is over.
Timeline time_program(const Program& program);

}  // namespace quern::machine
