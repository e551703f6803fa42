// quern inspect MODEL: what a model is, before anything is done to it.
#include <algorithm>
#include <map>

#include "calibration.h"
#include "lint.h"
#include "model_options.h"
#include "package_output.h"
#include "placement_output.h"
#include "values_output.h"
#include "verbs.h"

namespace quern::cli {

namespace {

struct InspectOptions {
  ModelOptions model;
  bool ops = false;
  bool quant = false;
  std::string graph;
  std::string stage = "both";
  std::string target;
  bool auto_rewrite = false;
  bool lint = false;
  CalibrationChoice data;
  std::string task;
  std::string preprocess;
};

/// The --shape that would fix the input an extent belongs to, with 1 for what is open.
std::string shape_option(const Model& model, const OpenDim& dim) {
  for (const ValueInfo& input : model.inputs()) {
    if (input.name != dim.input) continue;
    Shape shape = input.shape;
    std::replace_if(
        shape.begin(), shape.end(), [](int64_t extent) { return extent < 0; }, 1);
    return fmt::format("--shape {}:{}", input.name, to_string(shape));
  }
  return "";
}

using Counts = std::map<std::string, int64_t>;

std::string counts_text(const Counts& counts) {
  std::vector<std::pair<int64_t, std::string>> order;
  for (const auto& [kind, count] : counts) order.emplace_back(-count, kind);
  std::sort(order.begin(), order.end());
  std::string text;
  for (const auto& [count, kind] : order) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", -count, kind);
  return text;
}

std::string ops_text(const Model& model) {
  std::vector<std::vector<std::string>> rows;
  for (const OperatorInfo& op : model.operators()) {
    rows.push_back({op.name, op.source_kind, to_string(op.dtype), op.shape.empty() ? "" : to_string(op.shape),
                    op.macs > 0 ? grouped(op.macs) : "-"});
  }
  return table({"operator", "kind", "dtype", "output shape", "macs"}, rows);
}

Json ops_json(const Model& model) {
  Json rows = Json::array();
  for (const OperatorInfo& op : model.operators()) {
    rows.push_back({{"name", op.name},
                    {"kind", op.kind},
                    {"source_kind", op.source_kind},
                    {"inputs", op.inputs},
                    {"outputs", op.outputs},
                    {"dtype", to_string(op.dtype)},
                    {"shape", op.shape},
                    {"macs", op.macs}});
  }
  return rows;
}

std::string quant_text(const Model& model) {
  std::vector<std::vector<std::string>> rows;
  for (const ValueInfo& value : model.values()) {
    if (value.quantization.empty()) continue;
    rows.push_back({value.name, to_string(value.dtype), value.constant ? "constant" : "computed",
                    quantization_text(value.quantization)});
  }
  return table({"value", "dtype", "is", "quantization"}, rows);
}

Json values_json(const std::vector<ValueInfo>& values, bool only_quantized) {
  Json rows = Json::array();
  for (const ValueInfo& value : values) {
    if (!only_quantized || !value.quantization.empty()) rows.push_back(to_json(value));
  }
  return rows;
}

std::string placement_text(const Placement& placement) {
  std::string text =
      fmt::format("target {}: {} operators on the npu, {} on the cpu, {:.1f} % of the macs on the npu\n",
                  placement.target, placement.npu_operators, placement.cpu_operators, placement.npu_macs_pct);
  std::vector<std::vector<std::string>> rows;
  if (!placement.target.starts_with("sim:")) {
    for (const PlacementRow& row : placement.rows) rows.push_back({row.name, row.kind, row.device, row.reason});
    return text + table({"operator", "kind", "runs on", "why"}, rows);
  }
  text +=
      fmt::format("{} partition{}, {} bytes cross over; {}\n", placement.partitions,
                  placement.partitions == 1 ? "" : "s", grouped(placement.crossing_bytes), estimate_text(placement));
  for (const PlacementRow& row : placement.rows)
    rows.push_back({row.name, row.kind, row.device, fmt::format("{:.4f}", row.ms), row.reason});
  return text + rewrites_text(placement) + table({"operator", "kind", "runs on", "ms", "why"}, rows);
}

/// The graph before and after preparation, as text or for Graphviz.
Result<std::string> graph_drawing(const Model& model, const InspectOptions& options) {
  const auto draw = [&](const Model& m) { return options.graph == "dot" ? graph_dot(m) : graph_text(m); };
  std::string text;
  if (options.stage != "prepared") text += (options.graph == "dot" ? "" : "# as read\n") + draw(model);
  if (options.stage != "read" && !(options.graph == "dot" && options.stage == "both")) {
    auto after = prepared(model);
    if (!after.ok()) return after.status();
    text += (options.graph == "dot" ? "" : "# after preparation\n") + draw(*after);
  }
  return text;
}

void count_operators(const Model& model, Counts& kinds, Counts& source_kinds) {
  for (const OperatorInfo& op : model.operators()) {
    if (op.from_file) ++kinds[op.kind], ++source_kinds[op.source_kind];
  }
}

std::string summary(const Model& model, const Counts& source_kinds) {
  const ModelInfo& info = model.info();
  std::string text = fmt::format("{}: {}, {}, {} bytes, sha256 {}\n\n", info.file, info.format,
                                 info.producer.empty() ? "producer not stated" : "by " + info.producer,
                                 grouped(info.bytes), info.sha256);
  text += values_text("input", model.inputs()) + "\n" + values_text("output", model.outputs()) + "\n";
  text += fmt::format("operators   {}\n", counts_text(source_kinds));
  text += fmt::format("parameters  {} in {} bytes\n", grouped(model.parameters()), grouped(model.parameters_bytes()));
  const auto open = model.open_dims();
  text += open.empty() ? fmt::format("macs        {}\n", grouped(model.macs()))
                       : "macs        not known until the shapes are fixed\n";
  for (const OpenDim& dim : open) {
    text += fmt::format("open extent '{}' of input '{}' (axis {}); fix it by {}\n", dim.symbol, dim.input, dim.axis,
                        shape_option(model, dim));
  }
  for (const std::string& sentence : info.notes) text += "note: " + sentence + "\n";
  return text;
}

Json summary_json(const Model& model, const Counts& kinds, const Counts& source_kinds) {
  const ModelInfo& info = model.info();
  Json dims = Json::array();
  for (const OpenDim& dim : model.open_dims()) {
    dims.push_back(
        {{"dim", dim.symbol}, {"from", "input " + dim.input}, {"axis", dim.axis}, {"give", shape_option(model, dim)}});
  }
  return {{"schema", "quern.inspect/1"},
          {"model",
           {{"format", info.format},
            {"producer", info.producer},
            {"sha256", info.sha256},
            {"bytes", info.bytes},
            {"notes", info.notes}}},
          {"inputs", values_json(model.inputs(), false)},
          {"outputs", values_json(model.outputs(), false)},
          {"operators", kinds},
          {"source_operators", source_kinds},
          {"dims", dims},
          {"macs", dims.empty() ? Json(model.macs()) : Json()},
          {"parameters", model.parameters()},
          {"parameters_bytes", model.parameters_bytes()}};
}

/// What can be wrong with the model before it is quantized, and with the data where there is some.
Result<std::vector<LintFinding>> lint_findings(const Model& model, const InspectOptions& options, const Voice& voice) {
  auto fixed = take_batch_of_one(model, voice);
  if (!fixed.ok()) return fixed.status();
  LintOptions lint_options;
  CalibrationChoice choice = options.data;
  if (!options.task.empty()) {
    auto task = load_task(options.task);
    if (!task.ok()) return as_usage(task.error());
    choice.preprocess = task->preprocess;
    lint_options.expected = expected_input(options.task, task->preprocess);
  }
  if (!options.preprocess.empty()) {
    auto record = load_preprocess(options.preprocess);
    if (!record.ok()) return record.status();
    choice.preprocess = *std::move(record);
  }
  if (choice.data.empty()) return lint(*fixed, nullptr, lint_options);
  auto set = CalibrationSet::open(choice, *fixed, voice);
  if (!set.ok()) return set.status();
  const CalibrationData data = set->source();
  return lint(*fixed, &data, lint_options);
}

Result<int> inspect_package(const Voice& voice, const InspectOptions& options) {
  auto package = peek_package(options.model.file);
  if (!package.ok()) return package.status();
  say(voice, package_text(*package));
  if (const Status given = give_json(voice, package_json(*package)); !given.ok()) return given;
  return static_cast<int>(kDone);
}

Result<int> inspect(const Voice& voice, const InspectOptions& options) {
  const auto is_package = is_package_file(options.model.file);
  if (!is_package.ok()) return is_package.status();
  if (*is_package) return inspect_package(voice, options);
  auto model = load(options.model, voice);
  if (!model.ok()) return model.status();
  Counts kinds;
  Counts source_kinds;
  count_operators(*model, kinds, source_kinds);
  Json json = summary_json(*model, kinds, source_kinds);
  std::string text = options.graph.empty() ? summary(*model, source_kinds) : "";
  if (options.ops) text += "\n" + ops_text(*model), json["rows"] = ops_json(*model);
  if (options.quant) text += "\n" + quant_text(*model), json["quantized"] = values_json(model->values(), true);
  if (!options.graph.empty()) {
    auto drawing = graph_drawing(*model, options);
    if (!drawing.ok()) return drawing.status();
    text += *drawing;
    json["graph"] = *drawing;
  }
  json["placement"] = Json();
  CompileOptions compile_options;
  if (!options.target.empty()) compile_options.target = options.target;
  compile_options.auto_rewrite = options.auto_rewrite;
  const auto compiled = compile(*model, compile_options);
  if (compiled.ok()) {
    json["placement"] = to_json(compiled->placement());
    if (!options.target.empty()) text += "\n" + placement_text(compiled->placement());
  } else if (!options.target.empty() || options.auto_rewrite) {
    return compiled.status();
  }
  if (options.lint) {
    const auto findings = lint_findings(*model, options, voice);
    if (!findings.ok()) return findings.status();
    text += "\n" + (findings->empty() ? std::string("lint: nothing found\n") : lint_text(*findings, true));
    json["lint"] = to_json(*findings);
  }
  say(voice, text);
  const Status status = give_json(voice, json);
  if (!status.ok()) return status;
  return kDone;
}

}  // namespace

Action add_inspect(CLI::App& app) {
  auto options = std::make_shared<InspectOptions>();
  options->model.add_to(app);
  app.add_flag("--ops", options->ops, "one row per operator");
  app.add_flag("--quant", options->quant, "one row per quantized value");
  app.add_option("--graph", options->graph, "the graph as text, or for Graphviz")
      ->check(CLI::IsMember({"text", "dot"}));
  app.add_option("--stage", options->stage, "which graph: as read, after preparation, or both")
      ->check(CLI::IsMember({"read", "prepared", "both"}))
      ->capture_default_str();
  app.add_option("--target", options->target, "show where every operator would run, and why");
  app.add_flag("--auto-rewrite", options->auto_rewrite,
               "--target: replace operators that it does not take by others that give the same bytes");
  app.add_flag("--lint", options->lint, "what can be wrong with the model before it is quantized (docs/lint.md)");
  app.add_option("--data", options->data.data, "--lint: samples that show what the model makes of them (repeat)")
      ->type_name("PATH")
      ->allow_extra_args(false);
  app.add_option("--task", options->task, "--lint: task whose record pictures get");
  app.add_option("--preprocess", options->preprocess, "--lint: pre-processing record; overrides --task's");
  return [options](const Voice& voice) { return inspect(voice, *options); };
}

}  // namespace quern::cli
