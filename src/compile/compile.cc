// The driver: prepare, place, lower, allocate.
#include "quern/compile.h"

#include "base/error.h"
#include "compile/allocate.h"
#include "compile/lower.h"
#include "compile/npu/npu.h"
#include "compile/npu/rewrite/rewrite.h"
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

/// Everything runs on the processor.
Result<Placement> place_on_cpu(const Plan& plan, const CompileOptions& options) {
  if (options.require_npu_pct && *options.require_npu_pct > 0) {
    return fail(
        ErrorCode::placement,
        "--require-npu={}: target 'cpu' has no npu, all {} operators run on the processor; give --target sim:CHIP",
        *options.require_npu_pct, plan.steps.size());
  }
  Placement placement;
  placement.target = "cpu";
  for (const PlanStep& step : plan.steps)
    placement.rows.push_back({step.name, step.source_kind, "cpu", "the target is the processor"});
  placement.cpu_operators = static_cast<int64_t>(plan.steps.size());
  return placement;
}

/// "sim:CHIP" or "sim:CHIP/MODE"; what stands behind the last slash is a mode when it is a number.
Result<TargetProfile> profile_of(const std::string& target) {
  const size_t slash = target.rfind('/');
  const std::string mode = slash == std::string::npos ? "" : target.substr(slash + 1);
  if (mode.empty() || mode.size() > 9 || mode.find_first_not_of("0123456789") != std::string::npos)
    return find_profile(target);
  QUERN_TRY(TargetProfile profile, find_profile(target.substr(0, slash)));
  return with_mode(std::move(profile), std::stoll(mode));
}

Result<Placement> place_on_npu(const Graph& graph, LoweredPlan& lowered, const CompileOptions& options) {
  QUERN_TRY(const TargetProfile profile, profile_of(options.target));
  if (options.auto_rewrite) return npu::compile_rewritten(graph, lowered, profile, options);
  return npu::compile_for_npu(lowered, profile, options);
}

}  // namespace

Result<CompiledModel> compile(const Model& model, const CompileOptions& options) {
  const bool sim = options.target.starts_with("sim:");
  if (!sim && options.target != "cpu") {
    return fail(ErrorCode::invalid_argument, "there is no target '{}' here; `quern targets` lists those there are",
                options.target);
  }
  if (!sim && options.auto_rewrite) {
    return fail(ErrorCode::invalid_argument,
                "--auto-rewrite brings operators onto an NPU, and target 'cpu' has none; give --target sim:CHIP");
  }
  if (const auto open = model.open_dims(); !open.empty()) return open_dims_error(model, open);
  Graph graph = model.graph();
  QUERN_CHECK(prepare(graph));
  LoweredPlan lowered =
      lower(graph, options.arithmetic.value_or(sim ? Arithmetic::fixed_rule : Arithmetic::float_rule));
  QUERN_TRY(Placement placement, sim ? place_on_npu(graph, lowered, options) : place_on_cpu(lowered.plan, options));
  QUERN_CHECK(allocate(lowered, options.keep_values));
  return CompiledModel(std::move(lowered.plan), std::move(placement));
}

std::vector<TargetInfo> targets() {
  std::vector<TargetInfo> rows = {{"cpu", "the processor of this machine, int8 and float32", true, "always here"}};
  for (TargetInfo& row : simulated_targets()) rows.push_back(std::move(row));
  return rows;
}

}  // namespace quern
