// The pre-processing record as JSON and as text. Both forms are read through the same rows.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "base/spelling.h"
#include "quern/file.h"
#include "tasks/preprocess.h"

namespace quern {

namespace {

constexpr size_t kMaxRecordBytes = 64 * 1024;
constexpr double kMaxNumber = 1e6;
constexpr double kLeastStd = 1e-6;

template <typename T>
struct Spelling {
  const char* name;
  T value;
};

constexpr Spelling<Fit> kFits[] = {
    {"stretch", Fit::stretch}, {"crop", Fit::crop}, {"letterbox", Fit::letterbox}, {"warp", Fit::warp}};
constexpr Spelling<Order> kOrders[] = {
    {"rgb", Order::rgb}, {"bgr", Order::bgr}, {"gray", Order::gray}, {"blue", Order::blue}};
constexpr Spelling<Filter> kFilters[] = {
    {"bilinear", Filter::bilinear},
    {"bicubic", Filter::bicubic},
    {"nearest", Filter::nearest},
    {"area", Filter::box},
    {"box", Filter::box},
    {"lanczos", Filter::lanczos},
    {"cv-linear", Filter::cv_linear},
};

template <typename Rows>
std::vector<std::string> names_of(const Rows& rows) {
  std::vector<std::string> names;
  for (const auto& row : rows) names.emplace_back(row.name);
  return names;
}

template <typename T, size_t N>
Status read_word(const char* key, const std::string& word, const Spelling<T> (&rows)[N], T& target) {
  for (const auto& row : rows) {
    if (word == row.name) {
      target = row.value;
      return {};
    }
  }
  const std::vector<std::string> known = names_of(rows);
  return fail(ErrorCode::invalid_argument, "pre-processing: {}={} is not known; did you mean {}={}? Known are {}", key,
              word, key, nearest_word(word, known), fmt::join(known, ", "));
}

Result<double> read_number(const char* key, std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value) ||
      std::abs(value) > kMaxNumber) {
    return fail(ErrorCode::invalid_argument, "pre-processing: {}: '{}' is not a number between -{:.0f} and {:.0f}", key,
                text, kMaxNumber, kMaxNumber);
  }
  return value;
}

Result<std::vector<double>> read_numbers(const char* key, const std::string& text) {
  std::vector<double> values;
  std::stringstream list(text);
  for (std::string item; std::getline(list, item, ',');) {
    QUERN_TRY(const double value, read_number(key, item));
    values.push_back(value);
  }
  if (values.size() == 1 || values.size() == 3) return values;
  return fail(ErrorCode::invalid_argument, "pre-processing: {} has {} numbers; give one for all channels, or three",
              key, values.size());
}

Status read_fit(const std::string& text, Preprocess& record) {
  const size_t colon = text.find(':');
  QUERN_CHECK(read_word("fit", text.substr(0, colon), kFits, record.fit));
  if (colon == std::string::npos) return {};
  QUERN_TRY(record.crop_pct, read_number("fit", text.substr(colon + 1)));
  if (record.fit == Fit::crop && record.crop_pct >= 1 && record.crop_pct <= 100) return {};
  return fail(ErrorCode::invalid_argument,
              "pre-processing: fit={}: only crop takes a percentage, from 1 to 100 (crop:87.5 is 224 of 256)", text);
}

Status read_std(const std::string& text, Preprocess& record) {
  QUERN_TRY(record.std_dev, read_numbers("std", text));
  for (double value : record.std_dev) {
    if (std::abs(value) < kLeastStd) {
      return fail(ErrorCode::invalid_argument, "pre-processing: std={}: bytes are divided by std, so it must not be 0",
                  text);
    }
  }
  return {};
}

struct Key {
  const char* name;
  Status (*read)(const std::string& text, Preprocess& record);
};

constexpr Key kKeys[] = {
    {"fit", read_fit},
    {"filter", [](const std::string& text, Preprocess& r) { return read_word("filter", text, kFilters, r.filter); }},
    {"order", [](const std::string& text, Preprocess& r) { return read_word("order", text, kOrders, r.order); }},
    {"mean",
     [](const std::string& text, Preprocess& r) -> Status {
       QUERN_TRY(r.mean, read_numbers("mean", text));
       return {};
     }},
    {"std", read_std},
};

Status set_key(const std::string& name, const std::string& value, Preprocess& record) {
  for (const Key& key : kKeys) {
    if (name == key.name) return key.read(value, record);
  }
  const std::vector<std::string> known = names_of(kKeys);
  return fail(ErrorCode::invalid_argument, "pre-processing: '{}' is not a key; did you mean '{}'? Known are {}", name,
              nearest_word(name, known), fmt::join(known, ", "));
}

/// A JSON value as it would stand in the text form.
Result<std::string> value_text(const std::string& key, const nlohmann::json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number()) return fmt::format("{}", value.get<double>());
  std::vector<std::string> items;
  for (const auto& item : value) {
    if (value.is_array() && item.is_number()) items.push_back(fmt::format("{}", item.get<double>()));
  }
  if (value.is_array() && items.size() == value.size()) return fmt::format("{}", fmt::join(items, ","));
  return fail(ErrorCode::invalid_argument, "pre-processing: {} must be a word, a number or a list of numbers", key);
}

Result<Preprocess> parse_json(const std::string& text) {
  const auto object = nlohmann::json::parse(text, nullptr, false);
  if (!object.is_object())
    return fail(ErrorCode::invalid_argument, "pre-processing: this is not a JSON object: {:.60}", text);
  return read_preprocess(object);
}

Result<Preprocess> parse_words(const std::string& text) {
  Preprocess record;
  std::vector<std::string> seen;
  std::stringstream words(text);
  for (std::string word; words >> word;) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos) {
      return fail(ErrorCode::invalid_argument, "pre-processing: '{:.60}' is not key=value, e.g. order=bgr", word);
    }
    const std::string key = word.substr(0, equals);
    if (std::find(seen.begin(), seen.end(), key) != seen.end()) {
      return fail(ErrorCode::invalid_argument, "pre-processing: '{}' is given twice", key);
    }
    seen.push_back(key);
    QUERN_CHECK(set_key(key, word.substr(equals + 1), record));
  }
  return record;
}

std::string fit_text(const Preprocess& record) {
  if (record.fit != Fit::crop) return to_string(record.fit);
  return fmt::format("crop:{}", record.crop_pct);
}

}  // namespace

const char* to_string(Fit fit) {
  return kFits[static_cast<size_t>(fit)].name;
}
const char* to_string(Order order) {
  return kOrders[static_cast<size_t>(order)].name;
}

Result<Preprocess> read_preprocess(const nlohmann::json& object) {
  Preprocess record;
  for (const auto& [key, value] : object.items()) {
    QUERN_TRY(const std::string words, value_text(key, value));
    QUERN_CHECK(set_key(key, words, record));
  }
  return record;
}

Result<Preprocess> parse_preprocess(const std::string& text) {
  if (text.size() > kMaxRecordBytes) {
    return fail(ErrorCode::invalid_argument, "pre-processing: {} bytes are too many for a record; the limit is {}",
                text.size(), kMaxRecordBytes);
  }
  const size_t start = text.find_first_not_of(" \t\r\n");
  return start != std::string::npos && text[start] == '{' ? parse_json(text) : parse_words(text);
}

Result<Preprocess> load_preprocess(const std::string& text_or_file) {
  if (!text_or_file.ends_with(".json")) return parse_preprocess(text_or_file);
  QUERN_TRY(const std::vector<std::byte> bytes, read_file(text_or_file, kMaxRecordBytes));
  const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return parse_preprocess(text);
}

std::string to_json(const Preprocess& record) {
  nlohmann::ordered_json object;
  object["fit"] = fit_text(record);
  object["filter"] = to_string(record.filter);
  object["order"] = to_string(record.order);
  if (!record.mean.empty()) object["mean"] = record.mean;
  if (!record.std_dev.empty()) object["std"] = record.std_dev;
  return object.dump();
}

std::string to_text(const Preprocess& record) {
  std::string text =
      fmt::format("fit={} filter={} order={}", fit_text(record), to_string(record.filter), to_string(record.order));
  if (!record.mean.empty()) text += fmt::format(" mean={}", fmt::join(record.mean, ","));
  if (!record.std_dev.empty()) text += fmt::format(" std={}", fmt::join(record.std_dev, ","));
  return text;
}

}  // namespace quern
