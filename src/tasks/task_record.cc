// A task from a file: a decoder with a record, labels and thresholds of its own.
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/spelling.h"
#include "quern/file.h"
#include "tasks/preprocess.h"

namespace quern {

namespace {

using nlohmann::json;

constexpr int64_t kMaxRecordBytes = int64_t{16} << 20;

Error wrong(const std::string& sentence) {
  return {ErrorCode::invalid_argument, sentence};
}

Status read_record(const json& value, Task& task) {
  if (!value.is_string() && !value.is_object()) return wrong("preprocess must be an object or text");
  QUERN_TRY(task.preprocess, value.is_string() ? parse_preprocess(value.get<std::string>()) : read_preprocess(value));
  return {};
}

Status read_label_list(const json& value, Task& task) {
  if (!value.is_array() || value.empty()) return wrong("labels must be a list of words, one a class");
  for (const json& label : value) {
    if (!label.is_string()) return wrong(fmt::format("label {} is not text", task.labels.size()));
    task.labels.push_back(label.get<std::string>());
  }
  return {};
}

Status read_threshold(const json& value, const char* key, double least, std::optional<double>& threshold) {
  if (!threshold) return wrong(fmt::format("{} means nothing to a task that finds no boxes", key));
  if (!value.is_number()) return wrong(fmt::format("{} must be a number", key));
  const double number = value.get<double>();
  if (!(number >= least && number <= 1)) return wrong(fmt::format("{} is {}; it lies in {}..1", key, number, least));
  threshold = number;
  return {};
}

struct Key {
  const char* name;
  Status (*read)(const json& value, Task& task);
};

constexpr Key kKeys[] = {
    {"task", [](const json&, Task&) { return Status(); }},  // read before all others
    {"preprocess", read_record},
    {"labels", read_label_list},
    {"score", [](const json& value, Task& task) { return read_threshold(value, "score", 0, task.score); }},
    {"iou", [](const json& value, Task& task) { return read_threshold(value, "iou", -1, task.iou); }},
};

Status read_key(const std::string& name, const json& value, Task& task) {
  std::vector<std::string> known;
  for (const Key& key : kKeys) {
    if (name == key.name) return key.read(value, task);
    known.emplace_back(key.name);
  }
  return wrong(fmt::format("'{:.60}' is not a key; did you mean '{}'? Known are {}", name, nearest_word(name, known),
                           fmt::join(known, ", ")));
}

/// What is no task's name is a file when it looks like one, or when there is one.
bool names_a_file(const std::string& text) {
  std::error_code code;
  return text.ends_with(".json") || text.find('/') != std::string::npos || std::filesystem::is_regular_file(text, code);
}

}  // namespace

Result<Task> parse_task(const std::string& text) {
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object()) return wrong("this is not a JSON object");
  const auto name = object.find("task");
  if (name == object.end() || !name->is_string())
    return wrong("it must name its decoder, e.g. \"task\":\"nanodet_plus\"");
  QUERN_TRY(Task task, find_task(name->get<std::string>()));
  for (const auto& [key, value] : object.items()) QUERN_CHECK(read_key(key, value, task));
  return task;
}

std::string task_record(const Task& task) {
  nlohmann::ordered_json object = {{"task", task.name},
                                   {"preprocess", nlohmann::ordered_json::parse(to_json(task.preprocess))}};
  if (!task.labels.empty()) object["labels"] = task.labels;
  if (task.score) object["score"] = *task.score;
  if (task.iou) object["iou"] = *task.iou;
  return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Result<Task> load_task(const std::string& name_or_file) {
  auto known = find_task(name_or_file);
  if (known.ok() || !names_a_file(name_or_file)) return known;
  QUERN_TRY(const std::vector<std::byte> bytes, read_file(name_or_file, kMaxRecordBytes));
  auto task = parse_task({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (task.ok()) return task;
  Error error = fail(ErrorCode::invalid_file, "task record '{}': {}", name_or_file, task.error().message);
  error.file = name_or_file;
  return error;
}

}  // namespace quern
