#include "targets/sim/json_fields.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/spelling.h"

namespace quern {

namespace {

constexpr size_t kMaxFileBytes = 1 << 20;
constexpr size_t kMaxTextBytes = 400;
constexpr size_t kMaxListElements = 1000;

/// A value as an error shows it.
std::string shown(const Json& json) {
  const std::string whole = json.dump();
  return whole.size() <= 60 ? whole : whole.substr(0, 57) + "...";
}

/// "line 3, column 7" of a byte counted from 0.
std::string place_of(std::string_view text, size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte, text.size()));
  const size_t start = before.rfind('\n');
  return fmt::format("line {}, column {}", std::ranges::count(before, '\n') + 1,
                     before.size() - (start == std::string_view::npos ? 0 : start + 1) + 1);
}

/// Parses, and gives in `twice` the first key that an object of the text has twice, or "".
Json parse_and_watch(std::string_view text, std::string& twice) {
  std::vector<std::set<std::string>> open_objects;
  const auto look = [&](int, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) open_objects.emplace_back();
    if (event == Json::parse_event_t::object_end) open_objects.pop_back();
    if (event != Json::parse_event_t::key) return true;
    const auto key = value.get<std::string>();
    if (!open_objects.back().insert(key).second && twice.empty()) twice = key;
    return true;
  };
  return Json::parse(text, look);
}

Error about_file(const std::string& file, std::string sentence) {
  Error error{ErrorCode::invalid_file, fmt::format("'{}': {}", file, sentence)};
  error.file = file;
  return error;
}

}  // namespace

Error Field::wrong(const std::string& sentence) const {
  return about_file(file, fmt::format("{} {}", path.empty() ? "the file" : path, sentence));
}

Field Field::member(const std::string& key) const {
  return {&json->at(key), file, path.empty() ? key : path + "." + key};
}

Field Field::element(size_t index) const {
  return {&json->at(index), file, fmt::format("{}[{}]", path, index)};
}

Result<Json> parse_json(std::string_view text, const std::string& file) {
  if (text.size() > kMaxFileBytes)
    return about_file(file,
                      fmt::format("{} bytes are too many for a target; the limit is {}", text.size(), kMaxFileBytes));
  try {
    std::string twice;
    Json document = parse_and_watch(text, twice);
    if (twice.empty()) return document;
    return about_file(file, fmt::format("an object gives '{}' twice; keep one of them", twice));
  } catch (const Json::parse_error& slip) {
    return about_file(file, fmt::format("this is not JSON from {} on", place_of(text, slip.byte - (slip.byte > 0))));
  } catch (const Json::exception&) {
    return about_file(file, "a number is too large for JSON to be read");
  }
}

Status check_keys(const Field& field, std::span<const std::string_view> known) {
  if (!field.json->is_object())
    return field.wrong(fmt::format("is {}; an object {{...}} is needed", shown(*field.json)));
  std::vector<std::string> names;
  for (std::string_view key : known) names.emplace_back(key.substr(key.starts_with('?') ? 1 : 0));
  const std::string inside = field.path.empty() ? "the file" : field.path;
  for (const auto& [key, value] : field.json->items()) {
    if (std::ranges::find(names, key) == names.end())
      return about_file(field.file, fmt::format("{} has a field '{}' that is none; did you mean '{}'? (known: {})",
                                                inside, key, nearest_word(key, names), fmt::join(names, ", ")));
  }
  for (size_t i = 0; i < known.size(); ++i) {
    if (!known[i].starts_with('?') && !field.has(names[i].c_str()))
      return about_file(field.file, fmt::format("{} lacks the field '{}'", inside, names[i]));
  }
  return {};
}

Result<double> number(const Field& field, double low, double high) {
  const double value = field.json->is_number() ? field.json->get<double>() : std::nan("");
  if (value >= low && value <= high) return value;
  return field.wrong(fmt::format("is {}; a number from {} to {} is needed", shown(*field.json), low, high));
}

Result<int64_t> whole(const Field& field, int64_t low, int64_t high) {
  const Json& json = *field.json;
  const bool too_large = json.is_number_unsigned() && json.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX);
  if (json.is_number_integer() && !too_large && json.get<int64_t>() >= low && json.get<int64_t>() <= high)
    return json.get<int64_t>();
  return field.wrong(fmt::format("is {}; a whole number from {} to {} is needed", shown(json), low, high));
}

Result<bool> flag(const Field& field) {
  if (field.json->is_boolean()) return field.json->get<bool>();
  return field.wrong(fmt::format("is {}; true or false is needed", shown(*field.json)));
}

Result<std::string> text(const Field& field) {
  if (field.json->is_string()) {
    auto value = field.json->get<std::string>();
    if (!value.empty() && value.size() <= kMaxTextBytes) return value;
  }
  return field.wrong(fmt::format("is {}; a text of 1 to {} bytes is needed", shown(*field.json), kMaxTextBytes));
}

Result<size_t> word(const Field& field, std::span<const std::string_view> known) {
  std::vector<std::string> names(known.begin(), known.end());
  if (!field.json->is_string())
    return field.wrong(fmt::format("is {}; one of {} is needed", shown(*field.json), fmt::join(names, ", ")));
  const auto value = field.json->get<std::string>();
  const auto found = std::ranges::find(names, value);
  if (found != names.end()) return static_cast<size_t>(found - names.begin());
  return field.wrong(fmt::format("is '{}', which is not known; did you mean '{}'?", value.substr(0, kMaxTextBytes),
                                 nearest_word(value, names)));
}

Status check_list(const Field& field, size_t least) {
  if (field.json->is_array() && field.json->size() >= least && field.json->size() <= kMaxListElements) return {};
  return field.wrong(
      fmt::format("is {}; a list of {} to {} elements is needed", shown(*field.json), least, kMaxListElements));
}

}  // namespace quern
