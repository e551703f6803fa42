#include "quantize_drop.h"

#include <cmath>

#include "eval.h"
#include "quern/file.h"

namespace quern::cli {

namespace {

/// The intervals are not shown; drawing them costs time.
constexpr int kRounds = 10;

Error usage(std::string sentence) {
  return {ErrorCode::invalid_argument, std::move(sentence)};
}

/// The task metric of any model, on the labelled pictures.
class TaskMetric {
 public:
  static Result<TaskMetric> open(const QuantizeWords& words, const Preprocess& record) {
    auto boxes = is_box_truth(words.labels);
    if (!boxes.ok()) return boxes.status();
    if (*boxes && words.task.empty())
      return usage(fmt::format("--labels '{}' holds boxes: name the detector by --task", words.labels));
    auto task = load_task(words.task.empty() ? "classify" : words.task);
    if (!task.ok()) return as_usage(task.error());
    const bool detects = task->score.has_value();
    if (*boxes != detects || (!*boxes && task->name != "classify"))
      return usage(fmt::format("--labels '{}' gives {}, which cannot be the truth of task {}", words.labels,
                               *boxes ? "boxes" : "classes", task->name));
    TaskMetric metric;
    metric.boxes_ = *boxes;
    metric.labels_ = words.labels;
    metric.data_ = words.labels_data.empty() ? words.data : words.labels_data;
    metric.threads_ = words.threads;
    metric.picture_ = eval_picture_job(*task, std::nullopt, std::nullopt);
    if (!words.task.empty() || !words.preprocess.empty()) metric.picture_.preprocess = record;
    return metric;
  }

  std::string name() const { return boxes_ ? "mAP@0.5" : "top-1"; }

  /// In points. What eval would note is noted once, for the float model.
  Result<double> measure(const Model& model, const Voice& voice) const {
    auto compiled = compile(model, {});
    if (!compiled.ok()) return compiled.status();
    auto session = Session::create(*compiled, {threads_, "", false});
    if (!session.ok()) return session.status();
    auto data = DataSet::open(data_);
    if (!data.ok()) return data.status();
    EvalJob job{*std::move(session), picture_, *std::move(data), labels_, {0, 0}, "", kRounds};
    Voice quiet = voice;
    quiet.quiet = true;
    quiet.json = false;
    quiet.json_file.clear();
    Json json;
    const Status done = boxes_ ? eval_boxes(quiet, job, json) : eval_classes(quiet, job, json);
    if (!done.ok()) return done;
    const Json& figure = json["metrics"][boxes_ ? "map50" : "top1_pct"];
    if (figure.is_null()) return usage(fmt::format("--labels '{}' has no box of a class that the task knows", labels_));
    return figure.get<double>() * (boxes_ ? 100 : 1);
  }

 private:
  bool boxes_ = false;
  std::string labels_;
  std::vector<std::string> data_;
  int threads_ = 0;
  PictureJob picture_;
};

Status check(const QuantizeWords& words) {
  if (!words.max_drop && !words.labels.empty())
    return usage("--labels is for --max-drop: say how much may be lost, or judge the model by quern eval");
  if (!words.max_drop && !words.resume.empty())
    return usage("--resume is for --max-drop: nothing else is tried that could be resumed");
  if (words.labels.empty() && !words.labels_data.empty())
    return usage("--labels-data is where the pictures of --labels are: give --labels FILE too");
  if (!words.max_drop) return {};
  if (!std::isfinite(*words.max_drop) || *words.max_drop < 0 || *words.max_drop > 100)
    return usage(fmt::format("--max-drop {}: a number from 0 to 100, {}", *words.max_drop,
                             words.labels.empty() ? "the outputs' error in percent" : "points of the task metric"));
  if (!words.table.empty())
    return usage(
        "--max-drop and --table contradict: the table decides what is kept in 16 bits or float; leave one out");
  return {};
}

/// Changes with the truth, the pictures' names and what they are turned into.
Result<std::string> mark_of(const QuantizeWords& words, const Preprocess& record) {
  auto truth = read_file(words.labels);
  if (!truth.ok()) return truth.status();
  std::string mark = sha256(*truth) + " " + words.task + " " + to_text(record);
  for (const std::string& path : words.labels_data.empty() ? words.data : words.labels_data) mark += " '" + path + "'";
  return mark;
}

/// What the limit means, as a sentence's beginning.
std::string limit_text(const DropReport& report) {
  if (!report.metric.empty())
    return fmt::format("at most {:g} points of {} below the float model's {:.2f}", report.most, report.metric,
                       *report.reference);
  if (report.most == 0) return "no error at all at the outputs";
  return fmt::format("an error of at most {:g} % at every output (SQNR of {:.2f} dB or more)", report.most,
                     20 * std::log10(100 / report.most));
}

}  // namespace

Result<std::optional<DropLimit>> limit_of(const QuantizeWords& words, const Preprocess& record, const Voice& voice) {
  if (const Status status = check(words); !status.ok()) return status;
  if (!words.max_drop) return std::optional<DropLimit>{};
  DropLimit limit;
  limit.most = *words.max_drop;
  limit.ledger = words.resume;
  if (words.labels.empty()) return std::optional(limit);
  auto metric = TaskMetric::open(words, record);
  if (!metric.ok()) return metric.status();
  auto mark = mark_of(words, record);
  if (!mark.ok()) return mark.status();
  if (words.labels_data.empty())
    note(voice,
         "the labelled pictures are among those that calibrate, which flatters the model: keep some apart and "
         "name them by --labels-data");
  limit.metric = metric->name();
  limit.labels = *std::move(mark);
  limit.measure = [metric = *std::move(metric), voice](const Model& model) { return metric.measure(model, voice); };
  return std::optional(limit);
}

std::string text_of(const DropReport& report) {
  std::vector<std::vector<std::string>> rows;
  for (size_t i = 0; i < report.pareto.size(); ++i) {
    const DropTrial& trial = report.pareto[i];
    rows.push_back({std::to_string(trial.kept()), std::to_string(trial.int16.size()),
                    std::to_string(trial.kept_float.size()), fmt::format("{:.2f}", trial.measured),
                    fmt::format("{:.2f}", trial.drop),
                    i != report.chosen ? ""
                    : report.met       ? "<- chosen"
                                       : "<- nearest"});
  }
  const bool task = !report.metric.empty();
  std::string text =
      fmt::format("wanted: {}; {} model{} tried", limit_text(report), report.tried, report.tried == 1 ? "" : "s");
  if (report.remembered > 0) text += fmt::format(", {} of them taken from --resume", report.remembered);
  text +=
      "\n" + table({"kept", "int16", "float", task ? report.metric : "SQNR dB", task ? "drop" : "error %", ""}, rows);
  const DropTrial& chosen = report.pareto[report.chosen];
  for (const std::string& name : chosen.int16) text += fmt::format("in 16 bits: {}\n", name);
  for (const std::string& name : chosen.kept_float) text += fmt::format("in float: {}\n", name);
  return text;
}

Json json_of(const DropReport& report) {
  Json rows = Json::array();
  for (size_t i = 0; i < report.pareto.size(); ++i) {
    const DropTrial& trial = report.pareto[i];
    rows.push_back({{"kept", trial.kept()},
                    {"int16", trial.int16},
                    {"float", trial.kept_float},
                    {report.metric.empty() ? "sqnr_db" : "metric", trial.measured},
                    {"drop", trial.drop},
                    {"chosen", i == report.chosen}});
  }
  Json json = {{"max_drop", report.most},
               {"metric", report.metric.empty() ? "relative_l2_pct" : report.metric},
               {"float", report.reference ? Json(*report.reference) : Json()},
               {"met", report.met},
               {"tried", report.tried},
               {"resumed", report.remembered},
               {"pareto", rows}};
  return json;
}

}  // namespace quern::cli
