// quern quantize MODEL -o OUT: calibrate, make integers, write, and say what it cost.
#include <chrono>

#include "calibration.h"
#include "lint.h"
#include "quantize_options.h"
#include "quantize_output.h"
#include "quern/file.h"
#include "verbs.h"

namespace quern::cli {

namespace {

/// Looks for what can be wrong, and says so.
Result<std::vector<LintFinding>> look_first(const QuantizeWords& words, const QuantizeOptions& options,
                                            const Model& model, CalibrationSet& set, const Voice& voice) {
  if (words.lint == "off") return std::vector<LintFinding>();
  LintOptions lint_options{options.weights_per_channel, options.keep_float, {}, options.threads};
  if (!words.task.empty()) {
    auto task = load_task(words.task);
    if (!task.ok()) return as_usage(task.error());
    lint_options.expected = expected_input(words.task, task->preprocess);
  }
  const CalibrationData data = set.source();
  auto findings = lint(model, &data, lint_options);
  if (findings.ok()) say(voice, lint_text(*findings, voice.verbose));
  return findings;
}

/// With --lint error nothing is written when something was found.
Result<int> stopped(const QuantizeWords& words, const std::vector<LintFinding>& findings, const Voice& voice) {
  note(voice, "nothing was written: --lint error stops at warnings");
  const Json json = {
      {"schema", "quern.quantize/1"}, {"model", words.model.file}, {"output", Json()}, {"lint", to_json(findings)}};
  if (const Status given = give_json(voice, json); !given.ok()) return given;
  return static_cast<int>(kGate);
}

Result<int> quantize_model(const QuantizeWords& words, const Voice& voice) {
  const auto start = std::chrono::steady_clock::now();
  auto options = quantize_options(words);
  if (!options.ok()) return options.status();
  auto loaded = load(words.model, voice);
  if (!loaded.ok()) return loaded.status();
  auto model = take_batch_of_one(*loaded, voice);
  if (!model.ok()) return model.status();
  auto record = record_of(words);
  if (!record.ok()) return record.status();
  auto set = CalibrationSet::open({words.data, {words.samples, words.seed}, *std::move(record)}, *model, voice);
  if (!set.ok()) return set.status();
  const auto findings = look_first(words, *options, *model, *set, voice);
  if (!findings.ok()) return findings.status();
  if (words.lint == "error" && needs_attention(*findings)) return stopped(words, *findings, voice);
  auto result = quantize(*model, set->source(), *options);
  if (!result.ok()) return result.status();
  if (const Status saved = save_model(result->model, words.out); !saved.ok()) return saved;
  auto file = read_file(words.out);
  if (!file.ok()) return file.status();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const QuantizedFile written{words.model.file, words.out, *file, seconds};
  say(voice, text_of(*result, written));
  Json json = json_of(*result, written);
  json["lint"] = to_json(*findings);
  if (const Status given = give_json(voice, json); !given.ok()) return given;
  return static_cast<int>(kDone);
}

}  // namespace

Action add_quantize(CLI::App& app) {
  auto words = std::make_shared<QuantizeWords>();
  add_options(app, *words);
  return [words](const Voice& voice) { return quantize_model(*words, voice); };
}

}  // namespace quern::cli
