// Held against a text truth: which class does each picture show?
#include <algorithm>

#include "eval.h"

namespace quern::cli {

namespace {

constexpr int kRounds = 1000;
constexpr size_t kClassesShown = 40;
constexpr size_t kConfusionsShown = 10;
constexpr size_t kConfusionsInJson = 100;
constexpr size_t kTop = 5;

/// The names of the classes: the task's, with the truth's where it has none.
class ClassNames {
 public:
  ClassNames(std::vector<std::string> names, const std::vector<ClassTruth>& truths) : names_(std::move(names)) {
    const bool own = !names_.empty();
    for (const ClassTruth& truth : truths) {
      const auto index = static_cast<size_t>(truth.class_index);
      if (own || truth.class_name.empty()) continue;
      if (index >= names_.size()) names_.resize(index + 1);
      names_[index] = truth.class_name;
    }
  }
  std::string of(int index) const {
    return static_cast<size_t>(index) < names_.size() ? names_[static_cast<size_t>(index)] : "";
  }

 private:
  std::vector<std::string> names_;
};

/// Two lists that name one class differently are probably in different orders.
void doubt_names(const Voice& voice, const std::vector<std::string>& names, const std::vector<ClassTruth>& truths,
                 const std::string& file) {
  for (const ClassTruth& truth : truths) {
    const auto index = static_cast<size_t>(truth.class_index);
    if (truth.class_name.empty() || index >= names.size() || names[index] == truth.class_name) continue;
    note(voice, fmt::format("class {} is '{}' in '{}', but '{}' to the model; do both count alike?", index,
                            truth.class_name, file, names[index]));
    return;
  }
}

/// Classes that the truth shows, the least right first, equals by index.
std::vector<int> shown_classes(const ClassReport& report) {
  std::vector<int> indices;
  for (size_t i = 0; i < report.classes.size(); ++i) {
    if (report.classes[i].pictures > 0) indices.push_back(static_cast<int>(i));
  }
  if (indices.size() <= kClassesShown) return indices;
  const auto part = [&](int i) {
    const ClassScore& score = report.classes[static_cast<size_t>(i)];
    return static_cast<double>(score.right) / static_cast<double>(score.pictures);
  };
  std::stable_sort(indices.begin(), indices.end(), [&](int a, int b) { return part(a) < part(b); });
  indices.resize(kClassesShown);
  return indices;
}

double top1_pct(const ClassScore& score) {
  return 100 * static_cast<double>(score.right) / static_cast<double>(score.pictures);
}

std::string classes_text(const ClassReport& report, const ClassNames& names) {
  std::vector<std::vector<std::string>> rows;
  for (const int i : shown_classes(report)) {
    const ClassScore& score = report.classes[static_cast<size_t>(i)];
    rows.push_back({std::to_string(i), names.of(i), std::to_string(score.pictures), std::to_string(score.right),
                    fmt::format("{:.1f}", top1_pct(score)),
                    score.wrong_answer < 0 ? ""
                                           : fmt::format("{} {} ({}x)", score.wrong_answer,
                                                         names.of(score.wrong_answer), score.wrong_count)});
  }
  const auto all = std::count_if(report.classes.begin(), report.classes.end(),
                                 [](const ClassScore& score) { return score.pictures > 0; });
  const std::string head =
      static_cast<size_t>(all) > rows.size() ? fmt::format("the {} worst of {} classes\n", rows.size(), all) : "";
  return head + table({"class", "label", "pictures", "right", "top-1 %", "most often taken for"}, rows);
}

std::string confusions_text(const ClassReport& report, const ClassNames& names) {
  if (report.confusions.empty()) return "";
  std::vector<std::vector<std::string>> rows;
  for (const Confusion& confusion : report.confusions) {
    if (rows.size() == kConfusionsShown) break;
    rows.push_back({std::to_string(confusion.count), fmt::format("{} {}", confusion.truth, names.of(confusion.truth)),
                    fmt::format("{} {}", confusion.answer, names.of(confusion.answer))});
  }
  return "\n" + table({"times", "shown", "taken for"}, rows);
}

std::string summary_text(const ClassReport& report) {
  std::string text =
      fmt::format("{} pictures\ntop-1  {}\n", grouped(report.pictures), percent_text(report.top1, report.top1_ci95));
  if (report.top5) text += fmt::format("top-5  {}\n", percent_text(*report.top5, report.top5_ci95));
  return text + "\n";
}

Json classes_json(const ClassReport& report, const ClassNames& names) {
  Json rows = Json::array();
  for (size_t i = 0; i < report.classes.size(); ++i) {
    const ClassScore& score = report.classes[i];
    if (score.pictures == 0) continue;
    Json wrong;
    if (score.wrong_answer >= 0)
      wrong = {{"index", score.wrong_answer}, {"label", names.of(score.wrong_answer)}, {"pictures", score.wrong_count}};
    rows.push_back({{"index", i},
                    {"label", names.of(static_cast<int>(i))},
                    {"pictures", score.pictures},
                    {"right", score.right},
                    {"top1_pct", top1_pct(score)},
                    {"most_frequent_wrong", wrong}});
  }
  return rows;
}

Json confusions_json(const ClassReport& report) {
  Json rows = Json::array();
  for (const Confusion& confusion : report.confusions) {
    if (rows.size() == kConfusionsInJson) break;
    rows.push_back({{"truth", confusion.truth}, {"answer", confusion.answer}, {"pictures", confusion.count}});
  }
  return rows;
}

void fill_json(const ClassReport& report, const ClassNames& names, Json& json) {
  Json metrics = {{"top1_pct", 100 * report.top1}, {"top1_ci95_pct", percent_json(report.top1_ci95)}};
  metrics["top5_pct"] = report.top5 ? Json(100 * *report.top5) : Json();
  metrics["top5_ci95_pct"] = report.top5 ? percent_json(report.top5_ci95) : Json();
  json["metrics"] = metrics;
  json["classes"] = classes_json(report, names);
  json["confusions"] = confusions_json(report);
}

/// The best classes of a picture, and how many classes the model has.
ClassAnswer answer_of(const TaskResult& result, int truth) {
  ClassAnswer answer{truth, {}};
  for (const Label& label : result.labels) {
    if (answer.best.size() == kTop) break;
    answer.best.push_back(label.index);
  }
  return answer;
}

}  // namespace

Status eval_classes(const Voice& voice, EvalJob& job, Json& json) {
  auto truths = read_class_truth(job.truth_file);
  if (!truths.ok()) return truths.status();
  std::vector<std::string> files;
  for (const ClassTruth& truth : *truths) files.push_back(truth.picture);
  auto pictures = find_pictures(voice, job, files, json);
  if (!pictures.ok()) return pictures.status();
  doubt_names(voice, class_names(job.picture.task), *truths, job.truth_file);
  job.picture.options.top = 1 << 24;  // all of them: their number is the number of classes
  std::vector<ClassAnswer> answers;
  int classes = 0;
  const auto take = [&](const TruthPicture& picture, const Geometry&, const TaskResult& result) -> Status {
    const ClassTruth& truth = (*truths)[picture.truth];
    classes = static_cast<int>(result.labels.size());
    if (truth.class_index >= classes) {
      return Error{ErrorCode::invalid_file,
                   fmt::format("'{}' gives '{}' the class {}, but the model has {} classes (0 to {})", job.truth_file,
                               truth.picture, truth.class_index, classes, classes - 1),
                   job.truth_file};
    }
    answers.push_back(answer_of(result, truth.class_index));
    return {};
  };
  const Status ran = run_pictures(voice, job, *pictures, take, json);
  if (!ran.ok()) return ran;
  const Bootstrap bootstrap{job.rounds > 0 ? job.rounds : kRounds, job.selection.seed};
  const ClassReport report = measure_classes(answers, classes, bootstrap);
  const ClassNames names(class_names(job.picture.task), *truths);
  fill_json(report, names, json);
  json["bootstrap"] = {{"rounds", bootstrap.rounds}, {"seed", bootstrap.seed}};
  say(voice, summary_text(report) + classes_text(report, names) + confusions_text(report, names) + "\n");
  return {};
}

}  // namespace quern::cli
