// Held against COCO's annotations: which boxes does each picture have?
#include <algorithm>
#include <map>

#include "eval.h"
#include "quern/file.h"

namespace quern::cli {

namespace {

constexpr int kRounds = 200;  // each sums up every class at ten overlaps
constexpr size_t kNamesShown = 5;

/// The truth's categories that the model knows, counted anew.
struct Categories {
  std::vector<BoxCategory> kept;
  std::vector<int> of_truth;           ///< by the truth's index; -1: left out
  std::map<std::string, int> by_name;  ///< kept ones
};

std::string some_of(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kNamesShown); ++i) text += (i ? ", " : "") + names[i];
  return names.size() > kNamesShown ? text + ", …" : text;
}

Result<Categories> match_categories(const Voice& voice, const EvalJob& job, const BoxTruth& truth) {
  const std::vector<std::string> names = class_names(job.picture.task);
  Categories categories;
  std::vector<std::string> unknown;
  for (const BoxCategory& category : truth.categories) {
    const bool known = std::find(names.begin(), names.end(), category.name) != names.end();
    categories.of_truth.push_back(known ? static_cast<int>(categories.kept.size()) : -1);
    if (!known) unknown.push_back(category.name);
    if (!known) continue;
    categories.by_name[category.name] = static_cast<int>(categories.kept.size());
    categories.kept.push_back(category);
  }
  if (categories.kept.empty()) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("no category of '{}' ({}) is a class of task {} ({}); give the model's classes by --names",
                             job.truth_file, some_of(unknown), job.picture.task.name, some_of(names))};
  }
  std::vector<std::string> idle;
  for (const std::string& name : names) {
    if (categories.by_name.count(name) == 0) idle.push_back(name);
  }
  if (!unknown.empty())
    note(voice, fmt::format("{} of {} categories of '{}' are no class of the model and were left out: {}",
                            unknown.size(), truth.categories.size(), job.truth_file, some_of(unknown)));
  if (!idle.empty())
    note(voice, fmt::format("{} of {} classes of the model are no category of '{}' and were left out: {}", idle.size(),
                            names.size(), job.truth_file, some_of(idle)));
  return categories;
}

/// The best boxes of known categories.
std::vector<FoundBox> found_boxes(const TaskResult& result, const Categories& categories) {
  std::vector<FoundBox> found;
  for (const Detection& box : result.boxes) {
    const auto at = categories.by_name.find(box.label);
    if (at == categories.by_name.end()) continue;
    if (found.size() == kMaxBoxes) break;
    found.push_back({at->second, box.score, box.x, box.y, box.width, box.height});
  }
  return found;
}

std::vector<TrueBox> true_boxes(const TruePicture& picture, const Categories& categories) {
  std::vector<TrueBox> boxes;
  for (TrueBox box : picture.boxes) {
    box.category = categories.of_truth[static_cast<size_t>(box.category)];
    if (box.category >= 0) boxes.push_back(box);
  }
  return boxes;
}

bool other_extents(const TruePicture& picture, const Geometry& geometry) {
  return picture.width > 0 && picture.height > 0 &&
         (picture.width != geometry.picture_width || picture.height != geometry.picture_height);
}

std::string number_text(const std::optional<double>& number) {
  return number ? fmt::format("{:.4f}", *number) : "-";
}

Json number_json(const std::optional<double>& number) {
  return number ? Json(*number) : Json();
}

std::string summary_text(const BoxReport& report, const EvalJob& job, const Bootstrap& bootstrap) {
  std::string text =
      fmt::format("{} pictures, score at least {}, overlapping boxes go above iou {}, at most {} boxes a picture\n",
                  grouped(report.pictures), *job.picture.options.score, *job.picture.options.iou, kMaxBoxes);
  if (!report.map) return text + "the truth has no box of a known class\n";
  text += fmt::format("mAP@0.5        {:.4f} (95 %: {:.4f} to {:.4f}; {} rounds)\n", *report.map50,
                      report.map50_ci95.low, report.map50_ci95.high, bootstrap.rounds);
  text += fmt::format("mAP@[.5:.95]   {:.4f} (95 %: {:.4f} to {:.4f})\n", *report.map, report.map_ci95.low,
                      report.map_ci95.high);
  text += fmt::format("mAP@0.75       {}\nsmall, medium, large  {}, {}, {}\nrecall         {}\n\n",
                      number_text(report.map75), number_text(report.small), number_text(report.medium),
                      number_text(report.large), number_text(report.recall));
  return text;
}

std::string categories_text(const BoxReport& report, const Categories& categories) {
  std::vector<std::vector<std::string>> rows;
  for (size_t i = 0; i < report.categories.size(); ++i) {
    const CategoryScore& score = report.categories[i];
    rows.push_back({categories.kept[i].name, std::to_string(score.boxes), number_text(score.ap50),
                    number_text(score.ap), number_text(score.recall)});
  }
  return table({"class", "boxes", "AP@0.5", "AP@[.5:.95]", "recall"}, rows);
}

void fill_json(const BoxReport& report, const Categories& categories, const EvalJob& job, Json& json) {
  json["thresholds"] = {
      {"score", *job.picture.options.score}, {"iou", *job.picture.options.iou}, {"max_boxes", kMaxBoxes}};
  json["metrics"] = {
      {"map50", number_json(report.map50)},       {"map50_ci95", {report.map50_ci95.low, report.map50_ci95.high}},
      {"map", number_json(report.map)},           {"map_ci95", {report.map_ci95.low, report.map_ci95.high}},
      {"map75", number_json(report.map75)},       {"map_small", number_json(report.small)},
      {"map_medium", number_json(report.medium)}, {"map_large", number_json(report.large)},
      {"recall", number_json(report.recall)}};
  json["classes"] = Json::array();
  for (size_t i = 0; i < report.categories.size(); ++i) {
    const CategoryScore& score = report.categories[i];
    json["classes"].push_back({{"label", categories.kept[i].name},
                               {"category_id", categories.kept[i].id},
                               {"boxes", score.boxes},
                               {"ap50", number_json(score.ap50)},
                               {"ap", number_json(score.ap)},
                               {"recall", number_json(score.recall)}});
  }
}

/// COCO's form of results, so that other tools can judge the same boxes.
Status write_boxes(const std::string& file, const std::vector<JudgedPicture>& pictures,
                   const std::vector<int64_t>& picture_ids, const Categories& categories) {
  Json rows = Json::array();
  for (size_t i = 0; i < pictures.size(); ++i) {
    for (const FoundBox& box : pictures[i].found) {
      rows.push_back({{"image_id", picture_ids[i]},
                      {"category_id", categories.kept[static_cast<size_t>(box.category)].id},
                      {"bbox", {box.x, box.y, box.width, box.height}},
                      {"score", box.score}});
    }
  }
  return write_file(file, rows.dump() + "\n");
}

}  // namespace

Status eval_boxes(const Voice& voice, EvalJob& job, Json& json) {
  auto truth = read_box_truth(job.truth_file);
  if (!truth.ok()) return truth.status();
  for (const std::string& sentence : truth->notes) note(voice, sentence);
  auto categories = match_categories(voice, job, *truth);
  if (!categories.ok()) return categories.status();
  std::vector<std::string> files;
  for (const TruePicture& picture : truth->pictures) files.push_back(picture.file);
  auto pictures = find_pictures(voice, job, files, json);
  if (!pictures.ok()) return pictures.status();
  std::map<size_t, JudgedPicture> judged;  // in the order of the truth, whatever the order of the data
  int64_t rescaled = 0;
  const auto take = [&](const TruthPicture& picture, const Geometry& geometry, const TaskResult& result) -> Status {
    const TruePicture& about = truth->pictures[picture.truth];
    if (other_extents(about, geometry)) ++rescaled;
    judged[picture.truth] = {true_boxes(about, *categories), found_boxes(result, *categories)};
    const bool nameless =
        std::any_of(result.boxes.begin(), result.boxes.end(), [](const Detection& box) { return box.label.empty(); });
    if (!nameless) return {};
    return Error{
        ErrorCode::invalid_argument,
        fmt::format("the model has classes that task {} has no name for; give them by --names", job.picture.task.name)};
  };
  const Status ran = run_pictures(voice, job, *pictures, take, json);
  if (!ran.ok()) return ran;
  if (rescaled > 0) {
    note(voice, fmt::format("{} pictures have other extents than '{}' says; are its boxes of these pictures?", rescaled,
                            job.truth_file));
  }
  std::vector<JudgedPicture> in_order;
  std::vector<int64_t> ids;
  for (auto& [index, picture] : judged) {
    ids.push_back(truth->pictures[index].id);
    in_order.push_back(std::move(picture));
  }
  const Bootstrap bootstrap{job.rounds > 0 ? job.rounds : kRounds, job.selection.seed};
  const BoxReport report = measure_boxes(in_order, static_cast<int>(categories->kept.size()), bootstrap);
  fill_json(report, *categories, job, json);
  json["bootstrap"] = {{"rounds", bootstrap.rounds}, {"seed", bootstrap.seed}};
  say(voice, summary_text(report, job, bootstrap) + categories_text(report, *categories) + "\n");
  if (job.boxes_file.empty()) return {};
  return write_boxes(job.boxes_file, in_order, ids, *categories);
}

}  // namespace quern::cli
