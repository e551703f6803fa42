// judge_boxes TRUTH.json BOXES.json: what measure_boxes says of boxes in COCO's form of results, as JSON.
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "quern/file.h"
#include "quern/measure.h"

namespace {

using nlohmann::json;

json number(const std::optional<double>& value) {
  return value ? json(*value) : json();
}

std::vector<quern::JudgedPicture> judged(const quern::BoxTruth& truth, const json& boxes) {
  std::map<int64_t, size_t> picture_at;
  std::map<int64_t, int> category_at;
  std::vector<quern::JudgedPicture> pictures;
  for (const quern::TruePicture& picture : truth.pictures) {
    picture_at[picture.id] = pictures.size();
    pictures.push_back({picture.boxes, {}});
  }
  for (size_t i = 0; i < truth.categories.size(); ++i) category_at[truth.categories[i].id] = static_cast<int>(i);
  for (const json& row : boxes) {
    const json& b = row["bbox"];
    pictures[picture_at.at(row["image_id"])].found.push_back(
        {category_at.at(row["category_id"]), row["score"], b[0], b[1], b[2], b[3]});
  }
  return pictures;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const auto truth = quern::read_box_truth(argv[1]);
  const auto bytes = quern::read_file(argv[2]);
  if (!truth.ok() || !bytes.ok()) return 3;
  const auto* text = reinterpret_cast<const char*>(bytes->data());
  const auto pictures = judged(*truth, json::parse(text, text + bytes->size()));
  const quern::BoxReport report =
      quern::measure_boxes(pictures, static_cast<int>(truth->categories.size()), {.rounds = 10});
  json classes = json::array();
  for (const quern::CategoryScore& score : report.categories)
    classes.push_back({{"ap", number(score.ap)}, {"ap50", number(score.ap50)}, {"recall", number(score.recall)}});
  const json answer = {{"map", number(report.map)},       {"map50", number(report.map50)},
                       {"map75", number(report.map75)},   {"small", number(report.small)},
                       {"medium", number(report.medium)}, {"large", number(report.large)},
                       {"recall", number(report.recall)}, {"classes", classes}};
  std::puts(answer.dump().c_str());
  return 0;
}
