// quern compare REFERENCE CANDIDATE: how far apart, where it begins, why, and what would mend it.
#include <algorithm>
#include <set>

#include "compare_data.h"
#include "compare_output.h"
#include "compare_run.h"
#include "model_options.h"
#include "quern/file.h"
#include "verbs.h"

namespace quern::cli {

namespace {

struct CompareVerb {
  std::string reference;
  std::string candidate;
  std::vector<std::string> shapes;
  CompareSource source;
  std::string task;
  std::string labels;
  int top = 5;
  std::optional<double> score;
  std::optional<double> iou;
  std::string preprocess;
  bool layers = false;
  bool quick = false;
  int worst = 12;
  int threads = 0;
  std::string style = "table";
  std::string csv;
  std::string report;
  std::optional<double> min_cosine;
  std::optional<double> min_sqnr;
};

constexpr size_t kShortTable = 10;

Error usage(std::string sentence) {
  return {ErrorCode::invalid_argument, std::move(sentence)};
}

/// Loads a model; a --shape of an input that this model does not have is the other model's.
Result<Model> load_side(const std::string& file, const std::vector<std::string>& shapes, const Voice& voice,
                        std::set<std::string>& used) {
  auto model = load_model(file);
  if (!model.ok()) return model;
  ModelOptions options;
  for (const std::string& text : shapes) {
    auto named = parse_named_shape(text);
    if (!named.ok()) return named.status();
    const auto inputs = model->inputs();
    if (std::ranges::find(inputs, named->name, &ValueInfo::name) == inputs.end()) continue;
    model = model->with_shape(named->name, named->shape);
    if (!model.ok()) return as_usage(model.error());
    used.insert(text);
  }
  return take_batch_of_one(*model, voice);
}

Result<Models> load_both(const CompareVerb& verb, const Voice& voice) {
  std::set<std::string> used;
  auto reference = load_side(verb.reference, verb.shapes, voice, used);
  if (!reference.ok()) return reference.status();
  auto candidate = load_side(verb.candidate, verb.shapes, voice, used);
  if (!candidate.ok()) return candidate.status();
  for (const std::string& text : verb.shapes) {
    if (used.count(text) == 0) return usage(fmt::format("--shape {}: neither model has that input", text));
  }
  return Models{*std::move(reference), *std::move(candidate)};
}

Result<TaskSide> task_side(const CompareVerb& verb) {
  auto side = TaskSide::load(verb.task, verb.preprocess, !verb.report.empty());
  if (!side.ok()) return side;
  if (!verb.labels.empty()) {
    auto labels = read_labels(verb.labels);
    if (!labels.ok()) return labels.status();
    side->options.labels = *std::move(labels);
  }
  side->options.top = verb.top;
  side->options.score = verb.score;
  side->options.iou = verb.iou;
  return side;
}

/// Sentences about gates that were not met.
std::vector<std::string> missed_gates(const CompareVerb& verb, const Comparison& found) {
  std::vector<std::string> missed;
  for (const OutputComparison& output : found.outputs) {
    const Distance& d = output.distance;
    if (verb.min_cosine && (d.cosine < *verb.min_cosine || d.not_finite > 0))
      missed.push_back(
          fmt::format("output '{}': cosine {:.6f} is below --min-cosine {}", output.name, d.cosine, *verb.min_cosine));
    if (verb.min_sqnr && (d.sqnr_db < *verb.min_sqnr || d.not_finite > 0))
      missed.push_back(
          fmt::format("output '{}': SQNR {:.2f} dB is below --min-sqnr {}", output.name, d.sqnr_db, *verb.min_sqnr));
  }
  return missed;
}

void say_all(const Voice& voice, const CompareVerb& verb, const Comparison& found, const TaskSide& task) {
  for (const std::string& sentence : found.notes) note(voice, sentence);
  if (!found.unmatched.empty()) {
    note(voice, fmt::format("{} value{} of the candidate {} not in the reference, for example '{}'",
                            found.unmatched.size(), found.unmatched.size() == 1 ? "" : "s",
                            found.unmatched.size() == 1 ? "is" : "are", found.unmatched.front()));
  }
  if (verb.style == "pulsar") {
    say(voice, pulsar_text(found, verb.layers));
    return;
  }
  say(voice, comparison_text(found, verb.layers ? 0 : kShortTable));
  if (task.decodes()) say(voice, task_text(task.difference, task.task.name));
}

Status write_files(const CompareVerb& verb, const Comparison& found, TaskSide& task) {
  if (!verb.csv.empty()) {
    if (const Status written = write_file(verb.csv, comparison_csv(found)); !written.ok()) return written;
  }
  if (verb.report.empty()) return {};
  return write_report(verb.report, {verb.reference, verb.candidate}, found, task);
}

Status check(const CompareVerb& verb) {
  return verb.report.empty() ? Status() : check_report_name(verb.report);
}

Result<int> run(const Voice& voice, const CompareVerb& verb) {
  if (const Status fine = check(verb); !fine.ok()) return fine;
  auto task = task_side(verb);
  if (!task.ok()) return task.status();
  auto models = load_both(verb, voice);
  if (!models.ok()) return models.status();
  auto samples = CompareSamples::open(verb.source, models->reference, voice);
  if (!samples.ok()) return samples.status();
  if (task->decodes() && !samples->pictures()) return usage("--task needs pictures: give them by --data or --input");
  auto found = run_comparison(voice, *models, *samples, *task, {!verb.quick, verb.worst, 8, verb.threads});
  if (!found.ok()) return found.status();
  say_all(voice, verb, *found, *task);
  if (const Status written = write_files(verb, *found, *task); !written.ok()) return written;
  Json json = {{"schema", "quern.compare/1"}, {"reference", verb.reference}, {"candidate", verb.candidate}};
  json.update(to_json(*found));
  json["task"] = task->decodes() ? to_json(task->difference, task->task.name) : Json();
  const auto missed = missed_gates(verb, *found);
  json["gates_missed"] = missed;
  if (const Status given = give_json(voice, json); !given.ok()) return given;
  for (const std::string& sentence : missed) note(voice, sentence);
  return missed.empty() ? kDone : kGate;
}

void add_data_options(CLI::App& app, CompareVerb& v) {
  app.add_option("--data", v.source.data, "a folder, tar, list file or file of pictures or arrays (repeat)")
      ->type_name("PATH")
      ->expected(1)
      ->take_all();
  app.add_option("--input", v.source.inputs, "one sample: an array or a picture for each input (repeat)")
      ->type_name("[NAME=]FILE")
      ->expected(1)
      ->take_all();
  app.add_option("--random", v.source.random, "inputs of random numbers, the same for the same seed")
      ->type_name("SEED");
  app.add_option("--samples", v.source.samples, "how many samples (default 32, with --random 4)")
      ->check(CLI::Range(1, 100000000));
  app.add_option("--seed", v.source.seed, "which samples, when there are more")->capture_default_str();
  app.add_option("--shape", v.shapes, "fix the shape of an input of either model (repeat)")
      ->type_name("NAME:DIMS")
      ->expected(1)
      ->take_all();
}

void add_task_options(CLI::App& app, CompareVerb& v) {
  app.add_option("--task", v.task, "compare what the numbers mean, too (quern tasks lists them)");
  app.add_option("--labels", v.labels, "a label a line")->type_name("FILE");
  app.add_option("--top", v.top, "classify: how many labels are compared")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  app.add_option("--score", v.score, "least score of a box (default: the task's)");
  app.add_option("--iou", v.iou, "overlap above which the weaker box goes (default: the task's)");
  app.add_option("--preprocess", v.preprocess, "a pre-processing record, one for both models");
}

}  // namespace

Action add_compare(CLI::App& app) {
  auto verb = std::make_shared<CompareVerb>();
  CompareVerb& v = *verb;
  app.add_option("REFERENCE", v.reference, "the model that is right, usually float")->required();
  app.add_option("CANDIDATE", v.candidate, "the model in question, usually int8")->required();
  add_data_options(app, v);
  add_task_options(app, v);
  app.add_flag("--layers", v.layers, "show every layer, not only the worst");
  app.add_flag("--quick", v.quick, "outputs only");
  app.add_option("--worst", v.worst, "of how many layers causes are looked for")
      ->check(CLI::Range(0, 10000))
      ->capture_default_str();
  app.add_option("--style", v.style, "pulsar: a line a layer as Pulsar prints it")
      ->check(CLI::IsMember({"table", "pulsar"}))
      ->capture_default_str();
  app.add_option("--csv", v.csv, "every layer, one a line")->type_name("FILE");
  app.add_option("--report", v.report, "one page with plots, histograms and pictures")->type_name("FILE.html");
  app.add_option("--min-cosine", v.min_cosine, "exit with 1 when an output's cosine is below");
  app.add_option("--min-sqnr", v.min_sqnr, "exit with 1 when an output's SQNR is below")->type_name("DB");
  app.add_option("--threads", v.threads, "default: all cores")->check(CLI::Range(1, 256));
  return [verb](const Voice& voice) { return run(voice, *verb); };
}

}  // namespace quern::cli
