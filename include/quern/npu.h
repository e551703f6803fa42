// What a run on a simulated NPU cost: cycles by engine and by layer, bytes moved, what bounds each layer and what to
// change first. docs/npu.md defines every figure. Cycles depend on the program alone, never on the data or this
// machine.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "quern/status.h"

namespace quern {

/// The engines of the machine, in the order of the arrays below: "load", "store", "conv", "vector".
inline constexpr int kNpuEngines = 4;
const char* npu_engine_name(int engine);

/// One engine over a whole program, in cycles.
struct NpuEngine {
  int64_t commands = 0;
  double busy = 0;     ///< executing
  double stalled = 0;  ///< idle with a command at hand that waits for one of another engine
};

/// Bytes between the memories.
struct NpuBytes {
  int64_t loaded_activations = 0;  ///< DRAM to scratch
  int64_t loaded_parameters = 0;   ///< image to scratch
  int64_t stored = 0;              ///< scratch to DRAM
  int64_t moved = 0;               ///< read and written by the vector engine within scratch

  NpuBytes& operator+=(const NpuBytes& other);
};

/// One of the user's operators in a program.
struct NpuLayer {
  std::string name;
  std::string kind;        ///< the file's word
  std::string fused_into;  ///< the operator whose commands carry this one out; then all else is 0
  int64_t macs = 0;
  int64_t commands = 0;
  double start =
      0;           ///< of its first computation (its first transfer when it has none), cycles from the program's start
  double end = 0;  ///< of its last command
  double cycles = 0;  ///< by how much it carried the program's end forward; all layers' and `fixed` add up to the total
  std::array<double, kNpuEngines> busy{};
  double depthwise = 0;  ///< of busy conv, on depthwise convolutions
  double overhead = 0;   ///< of busy conv or vector, the machine's overhead a layer
  NpuBytes bytes;
  double utilisation_pct = 0;  ///< its multiply-accumulates over what the conv engine could have done from start to end
  std::string bound_by;        ///< "compute", "depthwise", "vector", "dma" or "overhead"; empty: nothing of its own
  std::string advice;          ///< what to change first, as a sentence; empty when there is nothing to gain
};

/// One command on the time line.
struct NpuCommand {
  int32_t engine = 0;
  uint32_t layer = 0;  ///< index into NpuReport::layers
  double start = 0;
  double end = 0;
};

/// One program's run.
struct NpuReport {
  std::string partition;  ///< the plan's name of the step
  std::string target;     ///< "sim:ax620"
  std::string mode;       ///< virtual-NPU mode, or empty
  double clock_hz = 0;
  double macs_per_cycle = 0;
  double cycles = 0;  ///< from the start to the end of the last command
  double fixed = 0;   ///< of these, the overhead of starting a program
  double ms = 0;      ///< cycles at the chip's clock
  int64_t macs = 0;
  int64_t scratch_bytes = 0;
  int64_t scratch_used = 0;
  NpuBytes bytes;
  std::array<NpuEngine, kNpuEngines> engines;
  std::vector<NpuLayer> layers;
  std::vector<NpuCommand> commands;
};

/// The time line of one run as a trace that Chrome (chrome://tracing) and Perfetto open: a process a program, a thread
/// an engine, a slice a command with its layer's figures. Programs follow one another; times are at the chip's clock.
std::string npu_trace(const std::vector<NpuReport>& reports);

}  // namespace quern
