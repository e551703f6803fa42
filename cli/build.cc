// quern build MODEL -o OUT.quern: compile once, and keep all that a board needs in one file.
#include <filesystem>

#include "build_report.h"
#include "machine_options.h"
#include "model_options.h"
#include "package_output.h"
#include "quantize_words.h"
#include "quern/file.h"
#include "quern/quantize.h"
#include "quern/task.h"
#include "verbs.h"

namespace quern::cli {

namespace {

struct BuildOptions {
  ModelOptions model;
  std::string out;
  MachineOptions machine;
  std::string task;
  std::string labels;
  std::string preprocess;
  std::string table;
  std::string config;
  std::string report;
};

Error usage(std::string sentence) {
  return {ErrorCode::invalid_argument, std::move(sentence)};
}

/// The task's record with what the user overrides; empty when nothing was said.
Result<std::string> record_of(const BuildOptions& options) {
  if (options.task.empty() && options.labels.empty() && options.preprocess.empty()) return std::string();
  auto task = load_task(options.task.empty() ? "tensor" : options.task);
  if (!task.ok()) return as_usage(task.error());
  if (!options.preprocess.empty()) {
    auto record = load_preprocess(options.preprocess);
    if (!record.ok()) return record.status();
    task->preprocess = *std::move(record);
  }
  if (!options.labels.empty()) {
    auto labels = read_labels(options.labels);
    if (!labels.ok()) return labels.status();
    task->labels = *std::move(labels);
  }
  return task_record(*task);
}

Result<std::string> table_of(const BuildOptions& options) {
  if (options.table.empty()) return std::string();
  auto read = read_table(options.table);
  if (!read.ok()) return read.status();
  return table_text(*read);
}

/// What was asked for, in words that do not depend on where files lie.
std::vector<std::pair<std::string, std::string>> asked(const BuildOptions& options, const CompiledModel& compiled) {
  std::vector<std::pair<std::string, std::string>> words = {{"--target", compiled.placement().target},
                                                            {"--arithmetic", to_string(compiled.arithmetic())}};
  if (options.machine.auto_rewrite) words.emplace_back("--auto-rewrite", "");
  for (const std::string& shape : options.model.shapes) words.emplace_back("--shape", shape);
  for (const std::string& bind : options.model.binds) {
    const size_t equals = bind.rfind('=');
    words.emplace_back("--bind",
                       bind.substr(0, equals + 1) + std::filesystem::path(bind.substr(equals + 1)).filename().string());
  }
  return words;
}

/// A configuration of the AX620 tools builds from a float model: quantize does the work.
Result<int> build_config(const Voice& voice, const BuildOptions& options) {
  if (!options.report.empty())
    return usage("--report beside --config: build the .onnx that quern quantize --config writes");
  QuantizeWords words;
  words.config = options.config;
  words.model = options.model;
  words.task = options.task;
  words.preprocess = options.preprocess;
  words.threads = options.machine.threads;
  words.target = options.machine.target == "cpu" ? "" : options.machine.target;
  words.vnpu = options.machine.vnpu;
  words.auto_rewrite = options.machine.auto_rewrite;
  words.arithmetic = options.machine.arithmetic;
  words.out = options.out;
  if (words.out.empty()) {
    const auto config = Ax620Config::read(options.config);
    if (!config.ok()) return config.status();
    if (config->output().empty())
      return usage(fmt::format("'{}' has no output_path: say -o OUT.quern, or add it", options.config));
    words.out = std::filesystem::path(config->output()).replace_extension(".quern").string();
    note(voice, fmt::format("output_path '{}': the package is written to '{}'", config->output(), words.out));
  }
  return quantize_words(words, voice);
}

Result<int> build(const Voice& voice, const BuildOptions& options) {
  if (!options.config.empty()) return build_config(voice, options);
  if (options.model.file.empty()) return usage("MODEL is required; see quern build --help");
  if (options.out.empty()) return usage("-o OUT.quern is required: where the package goes");
  if (!options.out.ends_with(".quern"))
    return usage(fmt::format("-o {}: a package's name ends in .quern", options.out));
  auto record = record_of(options);
  if (!record.ok()) return record.status();
  auto table = table_of(options);
  if (!table.ok()) return table.status();
  auto model = load(options.model, voice);
  if (model.ok()) model = take_batch_of_one(*model, voice);
  if (!model.ok()) return model.status();
  auto compiled = compile(*model, options.machine.compile_options());
  if (!compiled.ok()) return as_usage(compiled.error());
  PackageInfo info{QUERN_VERSION, model->info(), asked(options, *compiled)};
  info.source.file = std::filesystem::path(info.source.file).filename().string();
  info.task = *std::move(record);
  info.table = *std::move(table);
  if (const Status saved = save_package(*compiled, info, options.out); !saved.ok()) return saved;
  if (!options.report.empty()) {
    if (const Status written = write_build_report(*compiled, options.report); !written.ok()) return written;
  }
  auto package = peek_package(options.out);
  if (!package.ok()) return package.status();
  say(voice, package_text(*package));
  Json json = package_json(*package);
  json["schema"] = "quern.build/1";
  json["output"] = {{"file", options.out}, {"bytes", std::filesystem::file_size(options.out)}};
  if (const Status given = give_json(voice, json); !given.ok()) return given;
  return static_cast<int>(kDone);
}

}  // namespace

Action add_build(CLI::App& app) {
  auto options = std::make_shared<BuildOptions>();
  BuildOptions& o = *options;
  o.model.add_to(app);
  app.get_option("MODEL")->required(false);  // --config may name it
  app.add_option("-o,--output", o.out, "where the package goes: OUT.quern")->type_name("FILE");
  o.machine.add_to(app);
  app.add_option("--task", o.task, "what the numbers mean, kept in the package (quern tasks)");
  app.add_option("--labels", o.labels, "a label a line, kept in the package")->type_name("FILE");
  app.add_option("--preprocess", o.preprocess, "pre-processing record, kept in the package; overrides --task's");
  app.add_option("--table", o.table, "the quantization table the model was made with, kept in the package")
      ->type_name("FILE");
  app.add_option("--config", o.config,
                 "a configuration of the AX620 tools: quantizes a float model and builds for the chip it names")
      ->type_name("FILE.prototxt");
  app.add_option("--report", o.report, "what each part costs on a simulated NPU, as part_N/inference_report.log")
      ->type_name("DIR");
  return [options](const Voice& voice) { return build(voice, *options); };
}

}  // namespace quern::cli
