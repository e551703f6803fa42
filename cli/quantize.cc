// quern quantize MODEL -o OUT: look for what can be wrong, calibrate, make integers, write, and say what it cost.
#include <chrono>

#include "calibration.h"
#include "compare_output.h"
#include "lint.h"
#include "progress.h"
#include "quantize_config.h"
#include "quantize_drop.h"
#include "quantize_options.h"
#include "quantize_output.h"
#include "quantize_package.h"
#include "quantize_report.h"
#include "quantize_words.h"
#include "quern/file.h"
#include "verbs.h"

namespace quern::cli {

namespace {

/// Everything that was asked for, opened.
struct Job {
  QuantizeWords words;  ///< with what --config adds
  ConfigChoice config;
  Model model;
  QuantizeOptions options;
  Preprocess record;
  std::optional<CalibrationSet> set;

  CalibrationData data() { return set ? set->source() : CalibrationData{}; }
};

Result<Model> model_of(const QuantizeWords& words, const Voice& voice) {
  if (words.model.file.empty())
    return Error{ErrorCode::invalid_argument, "MODEL is required; see quern quantize --help"};
  auto loaded = load(words.model, voice);
  return loaded.ok() ? take_batch_of_one(*loaded, voice) : loaded;
}

/// No set without --data: a table may be all there is.
Result<std::optional<CalibrationSet>> samples_of(const CalibrationChoice& choice, const Model& model,
                                                 const Voice& voice) {
  if (choice.data.empty()) return std::optional<CalibrationSet>{};
  auto opened = CalibrationSet::open(choice, model, voice);
  if (!opened.ok()) return opened.status();
  return std::optional<CalibrationSet>{*std::move(opened)};
}

Result<Job> open_job(QuantizeWords words, const Voice& voice) {
  auto config = ConfigChoice::open(words);
  if (!config.ok()) return config.status();
  auto model = model_of(words, voice);
  if (!model.ok()) return model.status();
  if (const Status filled = config->fill(words, *model, voice); !filled.ok()) return filled;
  auto options = quantize_options(words);
  if (!options.ok()) return options.status();
  if (const Status fine = check_report(words); !fine.ok()) return fine;
  auto record = record_of(words);
  if (!record.ok()) return record.status();
  auto limit = limit_of(words, *record, voice);
  if (!limit.ok()) return limit.status();
  options->max_drop = *std::move(limit);
  auto set = samples_of({words.data, {words.samples, words.seed}, *record}, *model, voice);
  if (!set.ok()) return set.status();
  return Job{std::move(words),    *std::move(config), *std::move(model),
             *std::move(options), *std::move(record), *std::move(set)};
}

// ---- before ----

/// Looks for what can be wrong, and says so.
Result<std::vector<LintFinding>> look_first(Job& job, const Voice& voice) {
  if (job.words.lint == "off") return std::vector<LintFinding>();
  LintOptions lint_options{job.options.weights_per_channel, job.options.keep_float, {}, job.options.threads};
  if (!job.words.task.empty()) {
    auto task = load_task(job.words.task);
    if (!task.ok()) return as_usage(task.error());
    lint_options.expected = expected_input(job.words.task, task->preprocess);
  }
  const CalibrationData data = job.data();
  auto findings = lint(job.model, data.count > 0 ? &data : nullptr, lint_options);
  if (findings.ok()) say(voice, lint_text(*findings, voice.verbose));
  return findings;
}

/// With --lint error nothing is written when something was found.
Result<int> stopped_by_lint(const QuantizeWords& words, const std::vector<LintFinding>& findings, const Voice& voice) {
  note(voice, "nothing was written: --lint error stops at warnings");
  const Json json = {
      {"schema", "quern.quantize/1"}, {"model", words.model.file}, {"output", Json()}, {"lint", to_json(findings)}};
  if (const Status given = give_json(voice, json); !given.ok()) return given;
  return static_cast<int>(kGate);
}

Result<QuantizeResult> quantize_with_progress(Job& job, const Voice& voice) {
  Progress progress(voice, "", 0);
  job.options.progress = [&](const std::string& what, double share) { progress.show(what, share); };
  auto result = quantize(job.model, job.data(), job.options);
  job.options.progress = {};
  return result;
}

// ---- after ----

Status save(Job& job, const QuantizeResult& result, const Voice& voice) {
  const Status saved = job.words.is_package() ? save_quantized_package(job.words, job.model, result, job.data())
                                              : save_model(result.model, job.words.out);
  if (!saved.ok()) return saved;
  if (!job.words.save_table.empty()) {
    if (const Status kept = write_file(job.words.save_table, table_text(result.table)); !kept.ok()) return kept;
  }
  return job.config.save(job.words, job.record, job.model, result.samples, voice);
}

/// A limit that no model holds: the list says how near they came, and nothing is written.
Result<int> stopped_by_limit(const Job& job, const QuantizeResult& result, const Json& lint, const Voice& voice) {
  say(voice, text_of(*result.drop));
  note(voice,
       fmt::format("nothing was written: no model holds --max-drop {:g}, even with all that can be kept in 16 bits or "
                   "float; allow more, give more samples, or see quern compare --layers",
                   result.drop->most));
  const Json json = {{"schema", "quern.quantize/1"},
                     {"model", job.words.model.file},
                     {"output", Json()},
                     {"max_drop", json_of(*result.drop)},
                     {"lint", lint}};
  if (const Status given = give_json(voice, json); !given.ok()) return given;
  return static_cast<int>(kGate);
}

/// Every layer of the new model against the float one, where score_compare_per_layer asks for it.
Status compare_layers(Job& job, const QuantizeResult& result, const Voice& voice) {
  if (!job.config.compare_layers()) return {};
  if (job.options.full_integer) {
    note(voice,
         fmt::format("layers were not compared, since this model's inputs are other ones: quern compare {} {} --layers",
                     job.words.model.file, job.words.out));
    return {};
  }
  const ConfigChoice& config = job.config;
  auto others =
      samples_of({config.compare_data(), {config.compare_samples(), job.words.seed}, job.record}, job.model, voice);
  if (!others.ok()) return others.status();
  const CalibrationData data = *others ? (*others)->source() : job.data();
  const CompareData pairs{data.count, [&](int64_t i) -> Result<ComparePair> {
                            auto sample = data.read(i);
                            if (!sample.ok()) return sample.status();
                            return ComparePair{*sample, *sample};
                          }};
  auto found = compare(job.model, result.model, pairs, {true, 0, 0, job.words.threads});
  if (!found.ok()) return found.status();
  say(voice, "\n" + pulsar_text(*found, true));
  return {};
}

}  // namespace

Result<int> quantize_words(const QuantizeWords& words, const Voice& voice) {
  const auto start = std::chrono::steady_clock::now();
  auto job = open_job(words, voice);
  if (!job.ok()) return job.status();
  const auto findings = look_first(*job, voice);
  if (!findings.ok()) return findings.status();
  if (words.lint == "error" && needs_attention(*findings)) return stopped_by_lint(job->words, *findings, voice);
  auto result = quantize_with_progress(*job, voice);
  if (!result.ok()) return result.status();
  if (result->drop && !result->drop->met) return stopped_by_limit(*job, *result, to_json(*findings), voice);
  if (const Status saved = save(*job, *result, voice); !saved.ok()) return saved;
  auto file = read_file(job->words.out);
  if (!file.ok()) return file.status();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const QuantizedFile written{job->words.model.file, job->words.out, format_of(job->words), *file, seconds};
  for (const std::string& sentence : result->notes) note(voice, sentence);
  say(voice, text_of(*result, written));
  if (job->words.is_package()) {
    if (const Status said = say_quantized_package(voice, job->words, *result); !said.ok()) return said;
  }
  if (const Status said = compare_layers(*job, *result, voice); !said.ok()) return said;
  if (const Status reported = report_quantized(job->words, job->model, *result, voice); !reported.ok()) return reported;
  Json json = json_of(*result, written);
  json["lint"] = to_json(*findings);
  if (const Status given = give_json(voice, json); !given.ok()) return given;
  return static_cast<int>(kDone);
}

Action add_quantize(CLI::App& app) {
  auto words = std::make_shared<QuantizeWords>();
  add_options(app, *words);
  return [words](const Voice& voice) { return quantize_words(*words, voice); };
}

}  // namespace quern::cli
