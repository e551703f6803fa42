#include "compile/npu/npu.h"

#include <algorithm>

#include "base/error.h"
#include "compile/npu/table.h"
#include "targets/sim/machine/report.h"

namespace quern::npu {

namespace {

/// A step that runs a program.
PlanStep step_of(const Plan& plan, const Run& run, const Program& program, size_t number) {
  PlanStep step;
  step.name = fmt::format("npu {}", number);
  step.source_kind = "Partition";
  step.inputs.assign(program.reads.begin(), program.reads.end());
  step.outputs.assign(program.writes.begin(), program.writes.end());
  for (int s : run.steps) step.macs += plan.steps[static_cast<size_t>(s)].macs;
  step.program = static_cast<int>(number);
  return step;
}

/// Settles placement: islands go to the CPU until none is left.
std::vector<Run> settle(const LoweredPlan& lowered, const Machine& machine, std::vector<Verdict>& verdicts) {
  std::vector<Run> runs = runs_of(lowered, verdicts);
  while (merge_islands(lowered, runs, machine, verdicts)) runs = runs_of(lowered, verdicts);
  return runs;
}

/// All programs, or nothing when one could not be placed, whose steps then are the CPU's.
std::optional<std::vector<Program>> compile_runs(const LoweredPlan& lowered, const std::vector<Run>& runs,
                                                 const Machine& machine, bool keep_values,
                                                 std::vector<Verdict>& verdicts) {
  std::vector<Program> programs;
  for (const Run& run : runs) {
    if (!run.npu) continue;
    auto program = compile_partition(lowered, run.steps, machine, keep_values);
    if (!program) {
      for (int s : run.steps)
        verdicts[static_cast<size_t>(s)] = {
            false, fmt::format("the partition's buffers found no place in {} bytes of scratch memory",
                               machine.chip.scratch_bytes)};
      return std::nullopt;
    }
    programs.push_back(*std::move(program));
  }
  return programs;
}

}  // namespace

Result<Placement> compile_for_npu(LoweredPlan& lowered, const TargetProfile& profile, const CompileOptions& options) {
  const Machine machine = machine_of(profile, "sim:" + profile.name);
  std::vector<Verdict> verdicts = place(lowered, profile, machine);
  std::vector<Run> runs = settle(lowered, machine, verdicts);
  auto programs = compile_runs(lowered, runs, machine, options.keep_values, verdicts);
  while (!programs) {
    runs = settle(lowered, machine, verdicts);
    programs = compile_runs(lowered, runs, machine, options.keep_values, verdicts);
  }
  Placement placement = table_of(lowered, verdicts, options.target);
  placement.formula_ms = formula_ms(lowered, verdicts, profile);
  QUERN_CHECK(check_required(placement, options));
  Plan& plan = lowered.plan;
  std::vector<PlanStep> steps;
  for (const Run& run : runs) {
    if (!run.npu) {
      for (int s : run.steps) steps.push_back(plan.steps[static_cast<size_t>(s)]);
      continue;
    }
    const size_t number = plan.programs.size();
    steps.push_back(step_of(plan, run, (*programs)[number], number));
    placement.crossing_bytes += crossing_bytes(lowered, run);
    const NpuReport report = machine::report_of((*programs)[number]);
    placement.npu_ms += report.ms;
    for (size_t i = 0; i < run.steps.size(); ++i)
      placement.rows[static_cast<size_t>(run.steps[i])].ms = 1e3 * report.layers[i].cycles / report.clock_hz;
    plan.programs.push_back(std::make_shared<Program>(std::move((*programs)[number])));
  }
  placement.partitions = static_cast<int64_t>(plan.programs.size());
  plan.steps = std::move(steps);
  return placement;
}

}  // namespace quern::npu
