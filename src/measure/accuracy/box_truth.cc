// COCO's annotation file: which boxes each picture has.
#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "quern/file.h"
#include "quern/measure.h"

namespace quern {

namespace {

using nlohmann::json;

constexpr int64_t kMaxJsonBytes = int64_t{1} << 30;
constexpr double kMaxPixels = 1e7;
constexpr int64_t kMaxExtent = 1 << 24;

/// Reads one annotation file; remembers its name for the sentences.
class CocoReader {
 public:
  explicit CocoReader(std::string path) : path_(std::move(path)) {}

  Result<BoxTruth> read();

 private:
  Error broken(const std::string& sentence) const {
    Error error = fail(ErrorCode::invalid_file, "'{}': {}", path_, sentence);
    error.file = path_;
    return error;
  }
  Result<const json*> list(const json& root, const char* key) const;
  Result<int64_t> integer(const json& row, const char* key, const std::string& where) const;
  Result<std::string> text(const json& row, const char* key, const std::string& where) const;
  Status read_pictures(const json& rows);
  Status read_categories(const json& rows);
  Status read_annotations(const json& rows);
  Result<TrueBox> read_box(const json& row, const std::string& where) const;
  void note_left_out();

  std::string path_;
  BoxTruth truth_;
  std::map<int64_t, size_t> picture_at_;
  std::map<int64_t, int> category_at_;
  int64_t without_picture_ = 0;
  int64_t without_category_ = 0;
};

Result<const json*> CocoReader::list(const json& root, const char* key) const {
  const auto at = root.find(key);
  if (at != root.end() && at->is_array()) return &*at;
  return broken(fmt::format("a COCO annotation file has a list '{}'; this one has none", key));
}

Result<int64_t> CocoReader::integer(const json& row, const char* key, const std::string& where) const {
  const auto at = row.find(key);
  if (at != row.end() && at->is_number_integer()) return at->get<int64_t>();
  return broken(fmt::format("{} has no whole number '{}'", where, key));
}

Result<std::string> CocoReader::text(const json& row, const char* key, const std::string& where) const {
  const auto at = row.find(key);
  if (at != row.end() && at->is_string() && !at->get_ref<const std::string&>().empty()) return at->get<std::string>();
  return broken(fmt::format("{} has no text '{}'", where, key));
}

/// A picture's extent; 0 when the file does not give a sensible one.
int extent(const json& row, const char* key) {
  const auto at = row.find(key);
  if (at == row.end() || !at->is_number_integer()) return 0;
  return static_cast<int>(std::clamp<int64_t>(at->get<int64_t>(), 0, kMaxExtent));
}

Status CocoReader::read_pictures(const json& rows) {
  std::set<std::string> files;
  for (const json& row : rows) {
    const std::string where = fmt::format("image {}", truth_.pictures.size());
    TruePicture picture;
    QUERN_TRY(picture.id, integer(row, "id", where));
    QUERN_TRY(picture.file, text(row, "file_name", where));
    picture.width = extent(row, "width");
    picture.height = extent(row, "height");
    if (!files.insert(picture.file).second) return broken(fmt::format("the picture '{}' stands twice", picture.file));
    truth_.pictures.push_back(std::move(picture));
  }
  if (truth_.pictures.empty()) return broken("it names no picture");
  std::sort(truth_.pictures.begin(), truth_.pictures.end(),
            [](const TruePicture& a, const TruePicture& b) { return a.id < b.id; });
  for (size_t i = 0; i < truth_.pictures.size(); ++i) {
    if (!picture_at_.emplace(truth_.pictures[i].id, i).second)
      return broken(fmt::format("two images have the id {}", truth_.pictures[i].id));
  }
  return {};
}

Status CocoReader::read_categories(const json& rows) {
  std::set<std::string> names;
  for (const json& row : rows) {
    const std::string where = fmt::format("category {}", truth_.categories.size());
    BoxCategory category;
    QUERN_TRY(category.id, integer(row, "id", where));
    QUERN_TRY(category.name, text(row, "name", where));
    if (!names.insert(category.name).second) return broken(fmt::format("two categories are named '{}'", category.name));
    truth_.categories.push_back(std::move(category));
  }
  if (truth_.categories.empty()) return broken("it has no category");
  std::sort(truth_.categories.begin(), truth_.categories.end(),
            [](const BoxCategory& a, const BoxCategory& b) { return a.id < b.id; });
  for (size_t i = 0; i < truth_.categories.size(); ++i) {
    if (!category_at_.emplace(truth_.categories[i].id, static_cast<int>(i)).second)
      return broken(fmt::format("two categories have the id {}", truth_.categories[i].id));
  }
  return {};
}

Result<TrueBox> CocoReader::read_box(const json& row, const std::string& where) const {
  const auto bbox = row.find("bbox");
  std::vector<double> numbers;
  if (bbox != row.end() && bbox->is_array()) {
    for (const json& number : *bbox) numbers.push_back(number.is_number() ? number.get<double>() : std::nan(""));
  }
  const bool sound = numbers.size() == 4 && std::all_of(numbers.begin(), numbers.end(),
                                                        [](double number) { return std::abs(number) <= kMaxPixels; });
  if (!sound || numbers[2] < 0 || numbers[3] < 0)
    return broken(fmt::format("{} has no bbox of four numbers: left, top, width, height", where));
  TrueBox box{0, numbers[0], numbers[1], numbers[2], numbers[3], numbers[2] * numbers[3], false};
  const auto area = row.find("area");
  if (area != row.end() && area->is_number()) box.area = area->get<double>();
  const auto crowd = row.find("iscrowd");
  if (crowd != row.end()) box.crowd = crowd->is_boolean() ? crowd->get<bool>() : *crowd == 1;
  return box;
}

Status CocoReader::read_annotations(const json& rows) {
  int64_t number = 0;
  for (const json& row : rows) {
    const std::string where = fmt::format("annotation {}", number++);
    QUERN_TRY(const int64_t picture_id, integer(row, "image_id", where));
    QUERN_TRY(const int64_t category_id, integer(row, "category_id", where));
    QUERN_TRY(TrueBox box, read_box(row, where));
    const auto picture = picture_at_.find(picture_id);
    const auto category = category_at_.find(category_id);
    if (picture == picture_at_.end()) ++without_picture_;
    if (category == category_at_.end()) ++without_category_;
    if (picture == picture_at_.end() || category == category_at_.end()) continue;
    box.category = category->second;
    truth_.pictures[picture->second].boxes.push_back(box);
  }
  return {};
}

void CocoReader::note_left_out() {
  if (without_picture_ > 0)
    truth_.notes.push_back(
        fmt::format("'{}': {} annotations are of no listed image and were left out", path_, without_picture_));
  if (without_category_ > 0)
    truth_.notes.push_back(
        fmt::format("'{}': {} annotations are of no listed category and were left out", path_, without_category_));
}

Result<BoxTruth> CocoReader::read() {
  QUERN_TRY(std::vector<std::byte> bytes, read_file(path_, kMaxJsonBytes));
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  // Outlines are most of such a file, and are not needed.
  const auto keep = [](int /*depth*/, json::parse_event_t event, const json& parsed) {
    return event != json::parse_event_t::key || parsed != "segmentation";
  };
  const json root = json::parse(text, text + bytes.size(), keep, false);
  bytes = {};
  if (!root.is_object()) return broken("this is not a JSON object");
  QUERN_TRY(const json* const pictures, list(root, "images"));
  QUERN_TRY(const json* const categories, list(root, "categories"));
  QUERN_TRY(const json* const annotations, list(root, "annotations"));
  QUERN_CHECK(read_pictures(*pictures));
  QUERN_CHECK(read_categories(*categories));
  QUERN_CHECK(read_annotations(*annotations));
  note_left_out();
  return std::move(truth_);
}

}  // namespace

Result<BoxTruth> read_box_truth(const std::string& path) {
  return CocoReader(path).read();
}

Result<bool> is_box_truth(const std::string& path) {
  QUERN_TRY(const std::vector<std::byte> bytes, read_file(path, kMaxJsonBytes));
  const auto first = std::find_if(bytes.begin(), bytes.end(),
                                  [](std::byte byte) { return std::isspace(std::to_integer<int>(byte)) == 0; });
  return first != bytes.end() && (*first == std::byte{'{'} || *first == std::byte{'['});
}

}  // namespace quern
