#include <algorithm>

#include "base/error.h"
#include "compile/npu/npu.h"
#include "compile/npu/rewrite/rewrite.h"
#include "compile/npu/table.h"

namespace quern::npu {

namespace {

/// Operators whose replacements the CPU would compute.
std::set<int> in_vain(const std::vector<Replaced>& replaced, const Placement& placement) {
  std::set<int> ops;
  for (const PlacementRow& row : placement.rows) {
    if (row.device != "cpu") continue;
    for (const Replaced& one : replaced) {
      if (one.operators.contains(row.name)) ops.insert(one.op);
    }
  }
  return ops;
}

}  // namespace

Result<Placement> compile_rewritten(const Graph& graph, LoweredPlan& lowered, const TargetProfile& profile,
                                    const CompileOptions& options) {
  CompileOptions whatever = options;
  whatever.require_npu_pct.reset();
  LoweredPlan as_it_is = lowered;
  QUERN_TRY(const Placement unchanged, compile_for_npu(as_it_is, profile, whatever));
  Placement placement = unchanged;
  std::set<int> skip;
  while (true) {
    QUERN_TRY(const Rewritten rewritten, rewrite_for(graph, profile, lowered.plan.arithmetic, skip));
    placement.rewrites.clear();
    if (rewritten.replaced.empty()) {
      lowered = std::move(as_it_is);
      placement = unchanged;
      break;
    }
    LoweredPlan changed = lower(rewritten.graph, lowered.plan.arithmetic);
    QUERN_TRY(placement, compile_for_npu(changed, profile, whatever));
    const std::set<int> vain = in_vain(rewritten.replaced, placement);
    skip.insert(vain.begin(), vain.end());
    if (!vain.empty()) continue;
    for (const Replaced& one : rewritten.replaced) placement.rewrites.push_back(one.row);
    lowered = std::move(changed);
    break;
  }
  placement.unchanged = unchanged;
  QUERN_CHECK(check_required(placement, options));
  return placement;
}

}  // namespace quern::npu
