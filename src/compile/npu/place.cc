#include "compile/npu/place.h"

#include <fmt/format.h>

#include <algorithm>

#include "compile/npu/rules.h"
#include "compile/npu/tile.h"
#include "plan/program_rules.h"
#include "targets/sim/machine_figures.h"

namespace quern::npu {

namespace {

/// The step that makes each array, by owner; -1: none.
std::vector<int> makers_of(const LoweredPlan& lowered) {
  std::vector<int> makers(lowered.plan.values.size(), -1);
  for (size_t s = 0; s < lowered.plan.steps.size(); ++s) {
    for (int id : lowered.plan.steps[s].outputs) {
      if (id >= 0) makers[static_cast<size_t>(lowered.alias[static_cast<size_t>(id)])] = static_cast<int>(s);
    }
  }
  return makers;
}

Piece piece_of(const PartValue& value, const Box& box, std::vector<Quantization>& quantizations) {
  Piece piece;
  piece.dtype = value.dtype;
  piece.shape = box.extent;
  piece.strides = dense_strides(box.extent, value.element());
  if (value.quantization.empty()) return piece;
  piece.quantization = static_cast<int32_t>(quantizations.size());
  quantizations.push_back(value.quantization);
  return piece;
}

/// What the machine itself has against a job, whatever the chip: a program with it would be refused on loading.
std::optional<std::string> not_computed(const Part& part, const Job& job) {
  const Cut all = cut(call_of(part, job), whole(part.value(job.output).shape));
  Computation computation{job.kind, all.attrs, {}, {}};
  std::vector<Quantization> quantizations;
  for (size_t i = 0; i < job.inputs.size(); ++i) {
    const int id = job.inputs[i];
    if (id >= 0) {
      computation.inputs.push_back(piece_of(part.value(id), all.inputs[i], quantizations));
    } else {
      computation.inputs.emplace_back();
      computation.inputs.back().address = -1;
    }
  }
  computation.outputs.push_back(piece_of(part.value(job.output), whole(part.value(job.output).shape), quantizations));
  const Status status = check_operator(computation, quantizations);
  if (status.ok()) return std::nullopt;
  return fmt::format("the machine of simulated NPUs does not compute it: {}", status.error().message);
}

/// Why the step cannot be compiled: the machine does not compute it, or no tiling of it fits the scratch memory.
std::optional<std::string> not_compiled(const LoweredPlan& lowered, int step, const TargetProfile& profile,
                                        const Machine& machine) {
  const int steps[] = {step};
  const Part part = make_part(lowered, steps, true);
  const Residents none(part.values.size(), false);
  for (int j = 0; j < static_cast<int>(part.jobs.size()); ++j) {
    if (auto broken = not_computed(part, part.jobs[static_cast<size_t>(j)])) return broken;
    int64_t least = 0;
    if (choose_tiling(part, {j, j}, none, machine.chip, machine.chip.scratch_bytes, &least)) continue;
    return fmt::format(
        "its smallest piece takes {} bytes of scratch memory, and {} has {}; give the model a smaller input", least,
        profile.name, machine.chip.scratch_bytes);
  }
  return std::nullopt;
}

}  // namespace

Machine machine_of(const TargetProfile& profile, const std::string& target) {
  Machine machine{target,
                  profile.mode == 0 ? "" : std::to_string(profile.mode),
                  {machine_figures(profile), profile.figures.scratch_bytes}};
  machine.overhead_by_level = profile.overhead == OverheadRule::level;
  return machine;
}

std::vector<Verdict> place(const LoweredPlan& lowered, const TargetProfile& profile, const Machine& machine) {
  const std::vector<int> makers = makers_of(lowered);
  const Plan& plan = lowered.plan;
  std::vector<Verdict> verdicts;
  for (size_t s = 0; s < plan.steps.size(); ++s) {
    const PlanStep& step = plan.steps[s];
    Facts facts{plan, step, profile};
    if (!step.inputs.empty() && step.inputs[0] >= 0) {
      const int maker = makers[static_cast<size_t>(lowered.alias[static_cast<size_t>(step.inputs[0])])];
      if (maker >= 0) facts.before = &plan.steps[static_cast<size_t>(maker)];
    }
    std::optional<std::string> why = refusal(facts);
    if (!why) why = not_compiled(lowered, static_cast<int>(s), profile, machine);
    verdicts.push_back({!why, why ? *why : fmt::format("{} does it", profile.name)});
  }
  return verdicts;
}

std::vector<Run> runs_of(const LoweredPlan& lowered, const std::vector<Verdict>& verdicts) {
  const Plan& plan = lowered.plan;
  const std::vector<int> makers = makers_of(lowered);
  std::vector<bool> done(plan.steps.size(), false);
  const auto ready = [&](const PlanStep& step) {
    return std::all_of(step.inputs.begin(), step.inputs.end(), [&](int id) {
      if (id < 0) return true;
      const int maker = makers[static_cast<size_t>(lowered.alias[static_cast<size_t>(id)])];
      return maker < 0 || done[static_cast<size_t>(maker)];
    });
  };
  std::vector<Run> runs;
  size_t left = plan.steps.size();
  for (bool npu = false; left > 0; npu = !npu) {
    Run run{npu, {}};
    for (size_t s = 0; s < plan.steps.size(); ++s) {
      if (done[s] || verdicts[s].npu != npu || !ready(plan.steps[s])) continue;
      done[s] = true;
      run.steps.push_back(static_cast<int>(s));
    }
    left -= run.steps.size();
    if (!run.steps.empty()) runs.push_back(std::move(run));
  }
  return runs;
}

double cpu_seconds(const Plan& plan, const PlanStep& step) {
  int64_t bytes = 0;
  const auto add = [&](int id) {
    if (id >= 0 && plan.values[static_cast<size_t>(id)].constant < 0)
      bytes += plan.values[static_cast<size_t>(id)].bytes;
  };
  for (int id : step.inputs) add(id);
  for (int id : step.outputs) add(id);
  return static_cast<double>(step.macs) / kCpuMacsPerSecond + static_cast<double>(bytes) / kCpuBytesPerSecond;
}

int64_t crossing_bytes(const LoweredPlan& lowered, const Run& run) {
  const Part part = make_part(lowered, run.steps, false);
  std::vector<bool> touched(part.values.size(), false);
  int64_t bytes = 0;
  const auto add = [&](int id) {
    if (id < 0 || part.value(id).constant >= 0) return;
    const int owner = part.value(id).owner;
    if (touched[static_cast<size_t>(owner)]) return;
    touched[static_cast<size_t>(owner)] = true;
    const PartValue& value = part.value(owner);
    if (value.arrives || value.leaves) bytes += elements(whole(value.shape)) * value.element();
  };
  for (const Job& job : part.jobs) {
    for (int input : job.inputs) add(input);
    add(job.output);
  }
  return bytes;
}

bool merge_islands(const LoweredPlan& lowered, const std::vector<Run>& runs, const Machine& machine,
                   std::vector<Verdict>& verdicts) {
  const MachineFigures& f = machine.chip.figures;
  const auto macs_of = [&](const Run& run) {
    int64_t macs = 0;
    for (int s : run.steps) macs += lowered.plan.steps[static_cast<size_t>(s)].macs;
    return macs;
  };
  const Run* most = nullptr;
  for (const Run& run : runs) {
    if (run.npu && (most == nullptr || macs_of(run) > macs_of(*most))) most = &run;
  }
  bool changed = false;
  for (const Run& run : runs) {
    if (!run.npu || &run == most) continue;
    double on_cpu = 0;
    for (int s : run.steps) on_cpu += cpu_seconds(lowered.plan, lowered.plan.steps[static_cast<size_t>(s)]);
    const double crossing =
        (f.fixed_overhead_cycles + static_cast<double>(crossing_bytes(lowered, run)) / f.dma_bytes_per_cycle) /
        f.clock_hz;
    if (on_cpu >= crossing) continue;
    changed = true;
    for (int s : run.steps) {
      verdicts[static_cast<size_t>(s)] = {
          false,
          fmt::format(
              "the NPU could, but the {} operator{} here would cost {:.3f} ms to cross over and {:.3f} ms on the "
              "CPU, where {} neighbours are",
              run.steps.size(), run.steps.size() == 1 ? "" : "s", crossing * 1e3, on_cpu * 1e3,
              run.steps.size() == 1 ? "its" : "their")};
    }
  }
  return changed;
}

}  // namespace quern::npu
