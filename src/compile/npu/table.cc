#include "compile/npu/table.h"

#include <fmt/format.h>

#include "base/error.h"
#include "targets/sim/estimate.h"

namespace quern::npu {

namespace {

Error refused(const Placement& placement, double pct) {
  std::string list;
  for (const PlacementRow& row : placement.rows) {
    if (row.device == "cpu") list += fmt::format("\n  {} '{}': {}", row.kind, row.name, row.reason);
  }
  return fail(
      ErrorCode::placement,
      "--require-npu={}: on target '{}' {} of {} operators run on the cpu and {:.1f} % of the macs on the npu:{}", pct,
      placement.target, placement.cpu_operators, placement.cpu_operators + placement.npu_operators,
      placement.npu_macs_pct, list);
}

}  // namespace

Placement table_of(const LoweredPlan& lowered, const std::vector<Verdict>& verdicts, const std::string& target) {
  Placement placement;
  placement.target = target;
  int64_t macs = 0;
  int64_t on_npu = 0;
  for (size_t s = 0; s < verdicts.size(); ++s) {
    const PlanStep& step = lowered.plan.steps[s];
    const bool npu = verdicts[s].npu;
    placement.rows.push_back({step.name, step.source_kind, npu ? "npu" : "cpu", verdicts[s].reason});
    (npu ? placement.npu_operators : placement.cpu_operators) += 1;
    macs += step.macs;
    if (npu) on_npu += step.macs;
    if (npu) continue;
    placement.rows.back().ms = 1e3 * cpu_seconds(lowered.plan, step);
    placement.cpu_ms += placement.rows.back().ms;
  }
  placement.npu_macs_pct = macs == 0 ? (placement.cpu_operators == 0 ? 100 : 0)
                                     : 100 * static_cast<double>(on_npu) / static_cast<double>(macs);
  return placement;
}

double formula_ms(const LoweredPlan& lowered, const std::vector<Verdict>& verdicts, const TargetProfile& profile) {
  Plan plan = lowered.plan;
  plan.steps.clear();
  for (size_t s = 0; s < verdicts.size(); ++s) {
    if (verdicts[s].npu) plan.steps.push_back(lowered.plan.steps[s]);
  }
  if (plan.steps.empty()) return 0;
  // A view is known by its place in memory; as long as nothing has one, by the value it is a view of.
  for (size_t i = 0; i < plan.values.size(); ++i) {
    if (plan.values[i].constant < 0) plan.values[i].offset = lowered.alias[i];
  }
  return estimate(layers_of(plan), profile).total_ms;
}

Status check_required(const Placement& placement, const CompileOptions& options) {
  if (!options.require_npu_pct || placement.npu_macs_pct >= *options.require_npu_pct) return {};
  return refused(placement, *options.require_npu_pct);
}

}  // namespace quern::npu
