// What runs on the NPU and what on the CPU, and why; and the partitions that follow.
#pragma once

#include <string>
#include <vector>

#include "compile/npu/partition.h"
#include "targets/sim/profile.h"

namespace quern::npu {

/// Where one step runs.
struct Verdict {
  bool npu = false;
  std::string reason;
};

/// The machine that a profile describes, in cycles.
Machine machine_of(const TargetProfile& profile, const std::string& target);

/// A verdict for every step: limits of the profile, arithmetic, and whether some tiling fits the scratch memory.
std::vector<Verdict> place(const LoweredPlan& lowered, const TargetProfile& profile, const Machine& machine);

/// Steps in runs that follow one another: each partition takes every NPU step that needs nothing more from the CPU, so
/// it is convex and as large as it can be. CPU steps are runs of their own (`npu` false).
struct Run {
  bool npu = false;
  std::vector<int> steps;  ///< ascending
};
std::vector<Run> runs_of(const LoweredPlan& lowered, const std::vector<Verdict>& verdicts);

/// Partitions that the CPU would compute in less time than crossing and computing take become its own, but never the
/// one with the most work. True when a verdict changed.
bool merge_islands(const LoweredPlan& lowered, const std::vector<Run>& runs, const Machine& machine,
                   std::vector<Verdict>& verdicts);

/// Rates of the processor beside the NPU, for estimates only: four small cores at about 1 GHz (a rule of thumb).
inline constexpr double kCpuMacsPerSecond = 8e9;
inline constexpr double kCpuBytesPerSecond = 2e9;
/// Seconds the processor takes for a step.
double cpu_seconds(const Plan& plan, const PlanStep& step);
/// Bytes that a partition reads from and gives to its outside.
int64_t crossing_bytes(const LoweredPlan& lowered, const Run& run);

}  // namespace quern::npu
