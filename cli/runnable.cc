#include "runnable.h"

#include "inputs.h"

namespace quern::cli {

namespace {

Error usage(std::string sentence) {
  return {ErrorCode::invalid_argument, std::move(sentence)};
}

Status check_fed(const std::vector<ValueInfo>& inputs, const RunnableWords& words) {
  if (words.fed || inputs.empty()) return {};
  return usage("nothing to run on: give a picture, --input FILE or --random SEED");
}

/// As compile refuses a model.
Status check_placement(const Placement& placement, const RunnableWords& words) {
  if (!words.require_npu || placement.npu_macs_pct >= *words.require_npu) return {};
  std::string list;
  for (const PlacementRow& row : placement.rows) {
    if (row.device == "cpu") list += fmt::format("\n  {} ({}): {}", row.name, row.kind, row.reason);
  }
  return Error{ErrorCode::placement,
               fmt::format("--require-npu={}: in '{}' {:.1f} % of the macs run on the npu; on the cpu run{}",
                           *words.require_npu, words.model.file, placement.npu_macs_pct, list)};
}

/// What a package has decided already cannot be asked for again.
Status check_words(const Package& package, const RunnableWords& words) {
  const std::string& file = words.model.file;
  const std::string& target = package.model.placement().target;
  if (!words.model.shapes.empty() || !words.model.binds.empty())
    return usage(
        fmt::format("'{}' is a package, whose shapes are fixed: give --shape and --bind to quern build", file));
  if (words.keep_values)
    return usage(fmt::format("'{}' is a package, whose values share memory: --dump-all needs the model", file));
  const std::string wish = words.machine.compile_options().target;
  if (wish != "cpu" && wish != target)
    return usage(fmt::format("'{}' was built for {}; build it again with --target {}", file, target, wish));
  if (words.machine.auto_rewrite && !package.model.placement().unchanged)
    return usage(fmt::format("'{}' was built without --auto-rewrite; build it again with it", file));
  const std::string rule = to_string(package.model.arithmetic());
  if (!words.machine.arithmetic.empty() && words.machine.arithmetic != rule)
    return usage(fmt::format("'{}' was built with {} arithmetic; build it again with --arithmetic {}", file, rule,
                             words.machine.arithmetic));
  return {};
}

Result<Runnable> from_package(const RunnableWords& words) {
  auto package = load_package(words.model.file);
  if (!package.ok()) return package.status();
  if (const Status status = check_words(*package, words); !status.ok()) return status;
  if (const Status status = check_placement(package->model.placement(), words); !status.ok()) return status;
  if (const Status status = check_fed(package->model.inputs(), words); !status.ok()) return status;
  auto arrays = read_inputs(package->model.inputs(), words.inputs);
  if (!arrays.ok()) return arrays.status();
  return Runnable{std::move(package->model), *std::move(arrays), std::move(package->info)};
}

/// Shapes from the arrays, a batch of one where that is all that is open, then the plan.
Result<Runnable> from_model(const Voice& voice, const RunnableWords& words) {
  auto model = load(words.model, voice);
  if (!model.ok()) return model.status();
  if (const Status status = check_fed(model->inputs(), words); !status.ok()) return status;
  auto arrays = read_inputs(model->inputs(), words.inputs);
  if (!arrays.ok()) return arrays.status();
  model = take_shapes(*model, *arrays);
  if (model.ok()) model = take_batch_of_one(*model, voice);
  if (!model.ok()) return model.status();
  CompileOptions options = words.machine.compile_options();
  options.keep_values = words.keep_values;
  options.require_npu_pct = words.require_npu;
  auto compiled = compile(*model, options);
  if (!compiled.ok()) return as_usage(compiled.error());
  return Runnable{*std::move(compiled), *std::move(arrays), std::nullopt};
}

}  // namespace

Result<Runnable> make_runnable(const Voice& voice, const RunnableWords& words) {
  const auto is_package = is_package_file(words.model.file);
  if (!is_package.ok()) return is_package.status();
  return *is_package ? from_package(words) : from_model(voice, words);
}

}  // namespace quern::cli
