// quern run MODEL [PICTURE…]: compile in memory, run, and say what came out, where it ran and how long it took.
#include <algorithm>
#include <filesystem>
#include <map>

#include "inputs.h"
#include "machine_options.h"
#include "npu_output.h"
#include "pictures.h"
#include "quern/file.h"
#include "run_joint.h"
#include "runnable.h"
#include "stopwatch.h"
#include "verbs.h"

namespace quern::cli {

namespace {

struct RunOptions {
  ModelOptions model;
  std::vector<std::string> pictures;
  std::vector<std::string> inputs;
  std::optional<uint64_t> seed;
  std::string output_dir;
  bool dump_all = false;
  bool dequantize = false;
  std::string task;
  std::string labels;
  int top = 5;
  bool softmax = false;
  bool published_boxes = false;
  std::optional<double> score;
  std::optional<double> iou;
  std::string preprocess;
  std::string overlay;
  MachineOptions machine;
  std::optional<double> require_npu;
  bool profile = false;
  std::string style = "quern";
  std::string trace;
  int repeat = 1;
  int warmup = 0;
};

Error usage(std::string sentence) {
  return {ErrorCode::invalid_argument, std::move(sentence)};
}

Status check(const RunOptions& options) {
  if (options.model.file.empty()) return usage("MODEL is required; see quern run --help");
  const int sources = (options.pictures.empty() ? 0 : 1) + (options.inputs.empty() ? 0 : 1);
  if (sources > 1) return usage("give pictures or --input arrays, not both");
  if (options.pictures.empty() && (!options.overlay.empty() || (!options.task.empty() && options.task != "tensor"))) {
    return usage("--task and -o need pictures");
  }
  if (options.style == "run_joint" && !options.pictures.empty())
    return usage("--style run_joint feeds arrays, as the board's tool does: give --input FILE or --random SEED");
  if (options.pictures.size() > 1 && !options.overlay.empty() && !std::filesystem::is_directory(options.overlay)) {
    return usage(fmt::format("-o {}: with several pictures, name a folder that exists", options.overlay));
  }
  return {};
}

std::string profile_text(const Session& session) {
  double total = 0;
  for (const StepInfo& step : session.steps()) total += step.last_ms;
  std::vector<std::vector<std::string>> rows;
  for (const StepInfo& step : session.steps()) {
    const double share = total > 0 ? 100 * step.last_ms / total : 0;
    const double rate = step.last_ms > 0 ? static_cast<double>(step.macs) / step.last_ms / 1e6 : 0;
    // A simulator's own time says nothing of the chip's.
    const std::string kernel =
        step.layers > 0 ? fmt::format("{}, {:.3f} ms there", step.kernel, step.chip_ms) : step.kernel;
    rows.push_back({step.name, step.source_kind, kernel, fmt::format("{:.3f}", step.last_ms),
                    fmt::format("{:.1f}", share), step.macs > 0 ? fmt::format("{:.2f}", rate) : "-"});
  }
  return table({"operator", "kind", "kernel", "ms", "%", "gmacs/s"}, rows);
}

Json operators_json(const Session& session, bool profile) {
  Json rows = Json::array();
  for (const StepInfo& step : session.steps()) {
    Json row = {{"name", step.name},
                {"kind", step.source_kind},
                {"kernel", step.kernel},
                {"isa", step.isa},
                {"macs", step.macs}};
    if (step.layers > 0) {
      row["layers"] = step.layers;
      row["cycles"] = step.cycles;
      row["chip_ms"] = step.chip_ms;
    }
    if (profile) row["ms"] = step.last_ms;
    rows.push_back(row);
  }
  return rows;
}

Result<Tensor> as_asked(const Tensor& tensor, bool dequantized) {
  if (!dequantized || tensor.quantization.empty()) return tensor;
  return dequantize(tensor);
}

/// Writes tensors into a folder under their file names; two names that would fall on one file are refused.
Status write_tensors(const std::string& folder, const std::vector<std::pair<std::string, Tensor>>& tensors,
                     bool dequantized, Json& rows) {
  if (!folder.empty()) {
    const Status made = make_folder(folder);
    if (!made.ok()) return made;
  }
  std::map<std::string, std::string> taken;
  for (const auto& [name, tensor] : tensors) {
    auto wanted = as_asked(tensor, dequantized);
    if (!wanted.ok()) return wanted.status();
    Json row = {{"name", name}, {"dtype", to_string(wanted->dtype())}, {"shape", wanted->shape()}};
    if (!folder.empty()) {
      std::string file = tensor_file_name(name);
      if (const auto [at, fresh] = taken.emplace(file, name); !fresh) file = fmt::format("{}_{}", taken.size(), file);
      const std::string path = (std::filesystem::path(folder) / file).string();
      const Status written = write_npy(path, *wanted);
      if (!written.ok()) return written;
      row["file"] = path;
    }
    rows.push_back(row);
  }
  return {};
}

std::vector<std::pair<std::string, Tensor>> named_outputs(const Session& session, const std::vector<Tensor>& outputs) {
  std::vector<std::pair<std::string, Tensor>> named;
  for (size_t i = 0; i < outputs.size(); ++i) named.emplace_back(session.outputs()[i].name, outputs[i]);
  return named;
}

/// Outputs, and with --dump-all every other value, into the folder; rows for JSON.
Status write_outputs(const Session& session, const std::vector<Tensor>& outputs, const RunOptions& options,
                     const std::string& folder, Json& json) {
  json["outputs"] = Json::array();
  const Status status = write_tensors(folder, named_outputs(session, outputs), options.dequantize, json["outputs"]);
  if (!status.ok() || !options.dump_all) return status;
  auto values = session.values();
  if (!values.ok()) return values.status();
  json["values"] = Json::array();
  return write_tensors(folder, *values, options.dequantize, json["values"]);
}

std::string outputs_text(const Json& json) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& row : json["outputs"]) {
    rows.push_back(
        {row["name"].get<std::string>(), row["dtype"].get<std::string>(), row["shape"].dump(), row.value("file", "")});
  }
  return table({"output", "dtype", "shape", "file"}, rows);
}

/// What the user names, or what the package says of itself. A task's name beside a package says only what the numbers
/// mean: how pictures are prepared was decided when it was built.
Result<Task> task_of(const RunOptions& options, const std::optional<PackageInfo>& package) {
  const bool kept = package && !package->task.empty();
  if (options.task.empty() && kept) return parse_task(package->task);
  auto task = load_task(options.task.empty() ? "tensor" : options.task);
  if (!task.ok()) return as_usage(task.error());
  if (!kept || !find_task(options.task).ok()) return task;
  auto own = parse_task(package->task);
  if (!own.ok()) return own;
  task->preprocess = own->preprocess;
  return task;
}

Result<PictureJob> picture_job(const RunOptions& options, const std::optional<PackageInfo>& package) {
  auto task = task_of(options, package);
  if (!task.ok()) return task.status();
  PictureJob job{*task, task->preprocess, {}, options.warmup, options.repeat};
  if (!options.preprocess.empty()) {
    auto record = load_preprocess(options.preprocess);
    if (!record.ok()) return record.status();
    job.preprocess = *record;
  }
  if (!options.labels.empty()) {
    auto labels = read_labels(options.labels);
    if (!labels.ok()) return labels.status();
    job.options.labels = *std::move(labels);
  }
  job.options.top = options.top;
  job.options.score = options.score;
  job.options.iou = options.iou;
  job.options.softmax = options.softmax;
  job.options.published_boxes = options.published_boxes;
  return job;
}

/// Where a picture's outputs go: the folder itself for one picture, a folder of its own for each of several.
std::string folder_for(const RunOptions& options, size_t index) {
  if (options.output_dir.empty() || options.pictures.size() == 1) return options.output_dir;
  const std::string stem = std::filesystem::path(options.pictures[index]).stem().string();
  return (std::filesystem::path(options.output_dir) / fmt::format("{:03}_{}", index, stem)).string();
}

Status write_overlay(const Voice& voice, const RunOptions& options, const PictureResult& result) {
  if (options.overlay.empty()) return {};
  auto drawn = draw_result(result.picture, result.result);
  if (!drawn.ok()) return drawn.status();
  std::filesystem::path path = options.overlay;
  if (std::filesystem::is_directory(path)) path /= std::filesystem::path(result.file).stem().string() + ".png";
  const Status written = write_picture(*drawn, path.string());
  if (written.ok()) say(voice, fmt::format("overlay: {}\n", path.string()));
  return written;
}

Status run_pictures(const Voice& voice, const RunOptions& options, const std::optional<PackageInfo>& package,
                    Session& session, Json& json) {
  auto job = picture_job(options, package);
  if (!job.ok()) return job.status();
  json["preprocess"] = Json::parse(to_json(job->preprocess));
  json["pictures"] = Json::array();
  for (size_t i = 0; i < options.pictures.size(); ++i) {
    auto result = run_picture(session, options.pictures[i], *job);
    if (!result.ok()) return result.status();
    if (i == 0) {
      for (const std::string& sentence : result->notes) note(voice, sentence);
    }
    Json outputs;
    Status status = write_outputs(session, result->outputs, options, folder_for(options, i), outputs);
    if (!status.ok()) return status;
    Json row = to_json(*result);
    row["outputs"] = outputs["outputs"];
    json["pictures"].push_back(row);
    json["outputs"] = outputs["outputs"];
    if (job->task.name == "tensor") say(voice, outputs_text(outputs));
    say(voice, to_text(*result));
    status = write_overlay(voice, options, *result);
    if (!status.ok()) return status;
  }
  return {};
}

/// The arrays given, and made-up ones where --random allows it.
Result<std::vector<Tensor>> inputs_of(const Voice& voice, const RunOptions& options, const Session& session,
                                      const std::vector<std::optional<Tensor>>& arrays) {
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < session.inputs().size(); ++i) {
    const ValueInfo& input = session.inputs()[i];
    if (!arrays[i] && !options.seed)
      return usage(
          fmt::format("input '{}' has no array: give --input {}=FILE or --random SEED", input.name, input.name));
    auto tensor = arrays[i] ? fit_input(voice, input, *arrays[i]) : random_input(input, *options.seed + i);
    if (!tensor.ok()) return tensor.status();
    inputs.push_back(*std::move(tensor));
  }
  return inputs;
}

Status run_arrays(const Voice& voice, const RunOptions& options, Session& session,
                  const std::vector<std::optional<Tensor>>& arrays, Json& json) {
  auto inputs = inputs_of(voice, options, session, arrays);
  if (!inputs.ok()) return inputs.status();
  double infer_ms = 0;
  auto outputs = run_repeated(session, *inputs, options.warmup, options.repeat, infer_ms);
  if (!outputs.ok()) return outputs.status();
  const Status status = write_outputs(session, *outputs, options, options.output_dir, json);
  if (!status.ok()) return status;
  json["times_ms"] = {{"infer", infer_ms}};
  say(voice, outputs_text(json));
  say(voice, fmt::format("infer {:.2f} ms\n", infer_ms));
  return {};
}

/// What the simulated NPU counted: text, JSON, and with --trace a file.
Status give_npu(const Voice& voice, const RunOptions& options, const std::vector<NpuReport>& reports, Json& json) {
  if (reports.empty()) return {};
  say(voice, npu_text(reports, options.profile));
  json["npu"] = Json::array();
  for (const NpuReport& report : reports) json["npu"].push_back(to_json(report));
  return write_trace(voice, options.trace, reports);
}

/// The board tool's log instead of ours.
Result<int> run_as_joint(const Voice& voice, const RunOptions& options, const Runnable& runnable, Session& session,
                         double create_ms) {
  auto inputs = inputs_of(voice, options, session, runnable.arrays);
  if (!inputs.ok()) return inputs.status();
  const auto log = run_joint({runnable.compiled, session, *std::move(inputs), options.inputs.empty(),
                              runnable.package ? runnable.package->quern_version : QUERN_VERSION,
                              runnable.package ? runnable.package->source.sha256 : std::string(), create_ms,
                              options.warmup, options.repeat});
  if (!log.ok()) return log.status();
  say(voice, log->text);
  Json json = {
      {"schema", "quern.run/1"}, {"model", options.model.file}, {"target", runnable.compiled.placement().target}};
  if (const Status status = write_outputs(session, log->outputs, options, options.output_dir, json); !status.ok())
    return status;
  if (const Status status = give_json(voice, json); !status.ok()) return status;
  return static_cast<int>(kDone);
}

Result<int> run(const Voice& voice, const RunOptions& options) {
  if (options.machine.isa == "list") return list_isas(voice);
  Status status = check(options);
  if (!status.ok()) return status;
  const bool joint = options.style == "run_joint";
  Stopwatch watch;
  const bool fed = !options.pictures.empty() || !options.inputs.empty() || options.seed;
  auto runnable = make_runnable(
      voice, {options.model, options.inputs, options.machine, options.dump_all, fed, options.require_npu});
  if (!runnable.ok()) return runnable.status();
  const CompiledModel& compiled = runnable->compiled;
  auto session = Session::create(compiled, {options.machine.threads, options.machine.isa, options.profile || joint});
  if (!session.ok()) return session.status();
  status = check_trace(options.trace, session->npu_reports());
  if (!status.ok()) return status;
  if (joint) return run_as_joint(voice, options, *runnable, *session, watch.lap_ms());
  Json json = {{"schema", "quern.run/1"},
               {"model", options.model.file},
               {"target", compiled.placement().target},
               {"placement", to_json(compiled.placement())}};
  json["pictures"] = Json::array();
  status = options.pictures.empty() ? run_arrays(voice, options, *session, runnable->arrays, json)
                                    : run_pictures(voice, options, runnable->package, *session, json);
  if (!status.ok()) return status;
  say(voice, ran_text(*session, compiled));
  if (options.profile) say(voice, profile_text(*session));
  status = give_npu(voice, options, session->npu_reports(), json);
  if (!status.ok()) return status;
  json["isa"] = session->isa();
  json["threads"] = session->threads();
  json["arithmetic"] = to_string(compiled.arithmetic());
  json["operators"] = operators_json(*session, options.profile);
  status = give_json(voice, json);
  if (!status.ok()) return status;
  return kDone;
}

void add_task_options(CLI::App& app, RunOptions& o) {
  app.add_option("--task", o.task, "what the numbers mean (quern tasks lists them), or a task record's file");
  app.add_option("--labels", o.labels, "a label a line")->type_name("FILE");
  app.add_option("--top", o.top, "labels to show")->check(CLI::Range(1, 100000))->capture_default_str();
  app.add_flag("--softmax", o.softmax, "classify: turn logits into probabilities");
  app.add_flag("--truncate", o.published_boxes,
               "face_det_lite: whole-pixel, enlarged boxes as the published program prints");
  app.add_option("--score", o.score, "least score of a box (default: the task's)");
  app.add_option("--iou", o.iou, "overlap above which the weaker box goes; -1 keeps all (default: the task's)");
  app.add_option("--preprocess", o.preprocess,
                 "a pre-processing record: a .json file, or text as \"fit=stretch order=bgr mean=104,117,123 std=1\"");
  app.add_option("-o,--overlay", o.overlay, "draw the result on the picture")->type_name("PICTURE");
}

void add_machine_options(CLI::App& app, RunOptions& o) {
  o.machine.add_to(app);
  app.add_option("--require-npu", o.require_npu, "fail when less than PCT % of the macs run on the npu (default 100)")
      ->type_name("[=PCT]");
  app.add_flag("--profile", o.profile, "time of every operator");
  app.add_option("--style", o.style, "quern, or run_joint: the log of the AX620 board's tool")
      ->check(CLI::IsMember({"quern", "run_joint"}))
      ->capture_default_str();
  app.add_option("--trace", o.trace, "the time line of a simulated NPU, for chrome://tracing or Perfetto")
      ->type_name("FILE");
  app.add_option("--repeat", o.repeat, "timed runs")->check(CLI::Range(1, 1000000))->capture_default_str();
  app.add_option("--warmup", o.warmup, "runs before them")->check(CLI::Range(0, 1000000))->capture_default_str();
}

}  // namespace

Action add_run(CLI::App& app) {
  auto options = std::make_shared<RunOptions>();
  RunOptions& o = *options;
  o.model.add_to(app);
  app.get_option("MODEL")->required(false);  // --isa list needs none
  app.add_option("PICTURE", o.pictures, "JPEG, PNG, BMP or PPM");
  app.add_option("--input", o.inputs, "an array instead of pictures: .npy, .npz, .raw or .bin (repeat)")
      ->type_name("[NAME=]FILE")
      ->expected(1)
      ->take_all();
  app.add_option("--random", o.seed, "fill inputs that have no array")->type_name("SEED");
  app.add_option("--output-dir", o.output_dir, "write every output as .npy")->type_name("DIR");
  app.add_flag("--dump-all", o.dump_all, "write every value of the graph too");
  app.add_flag("--dequantize", o.dequantize, "write quantized outputs as float32");
  add_task_options(app, o);
  add_machine_options(app, o);
  return [options](const Voice& voice) { return run(voice, *options); };
}

}  // namespace quern::cli
