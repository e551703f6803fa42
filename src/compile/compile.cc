// The driver: prepare, place, lower, allocate.
#include "quern/compile.h"

#include "base/error.h"
#include "compile/allocate.h"
#include "compile/lower.h"
#include "prepare/prepare.h"
#include "targets/sim/detail.h"

namespace quern {

namespace {

/// The first open extents as a sentence with the option that closes them.
Error open_dims_error(const Model& model, const std::vector<OpenDim>& open) {
  const OpenDim& first = open.front();
  std::string wish;
  for (const ValueInfo& input : model.inputs()) {
    if (input.name != first.input) continue;
    for (int64_t extent : input.shape) wish += (wish.empty() ? "" : "x") + std::to_string(extent < 0 ? 1 : extent);
  }
  return fail(ErrorCode::invalid_argument,
              "input '{}': the extent '{}' (axis {}) is not fixed; give the shape, for example --shape {}:{}",
              first.input, first.symbol, first.axis, first.input, wish);
}

/// Everything runs on the processor: the one target so far.
Placement place_on_cpu(const Plan& plan) {
  Placement placement;
  placement.target = "cpu";
  for (const PlanStep& step : plan.steps)
    placement.rows.push_back({step.name, step.source_kind, "cpu", "the target is the processor"});
  placement.cpu_operators = static_cast<int64_t>(plan.steps.size());
  return placement;
}

}  // namespace

Result<CompiledModel> compile(const Model& model, const CompileOptions& options) {
  if (options.target.starts_with("sim:")) {
    QUERN_TRY(const TargetProfile profile, find_profile(options.target));
    return fail(ErrorCode::unsupported, "models are not compiled for 'sim:{}' yet; --target cpu runs everywhere",
                profile.name);
  }
  if (options.target != "cpu") {
    return fail(ErrorCode::invalid_argument, "there is no target '{}' here; `quern targets` lists those there are",
                options.target);
  }
  if (const auto open = model.open_dims(); !open.empty()) return open_dims_error(model, open);
  Graph graph = model.graph();
  QUERN_CHECK(prepare(graph));
  LoweredPlan lowered = lower(graph, options.arithmetic);
  QUERN_CHECK(allocate(lowered, options.keep_values));
  Placement placement = place_on_cpu(lowered.plan);
  return CompiledModel(std::move(lowered.plan), std::move(placement));
}

std::vector<TargetInfo> targets() {
  std::vector<TargetInfo> rows = {{"cpu", "the processor of this machine, int8 and float32", true, "always here"}};
  for (TargetInfo& row : simulated_targets()) rows.push_back(std::move(row));
  return rows;
}

}  // namespace quern
