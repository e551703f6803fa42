#include "tasks/list_file.h"

#include <algorithm>
#include <optional>
#include <sstream>

#include "base/error.h"
#include "quern/file.h"

namespace quern {

namespace {

constexpr int64_t kMaxListBytes = int64_t{256} << 20;
constexpr const char* kBlanks = " \t\r";

std::string trimmed(const std::string& line) {
  const size_t first = line.find_first_not_of(kBlanks);
  if (first == std::string::npos) return "";
  return line.substr(first, line.find_last_not_of(kBlanks) - first + 1);
}

/// NAME=PATH or NAME:=PATH taken apart.
std::optional<std::pair<std::string, std::string>> named_path(const std::string& word) {
  const size_t equals = word.find('=');
  if (equals == std::string::npos || equals + 1 == word.size() || word[0] == '/' || word[0] == '.') return std::nullopt;
  std::string name = word.substr(0, equals);
  if (name.ends_with(':')) name.pop_back();
  if (name.empty()) return std::nullopt;
  return std::pair(name, word.substr(equals + 1));
}

std::vector<std::pair<std::string, std::string>> parts_of(const std::string& line) {
  std::vector<std::pair<std::string, std::string>> parts;
  std::stringstream words(line);
  for (std::string word; words >> word;) {
    auto part = named_path(word);
    if (!part) return {{"", line}};
    parts.push_back(*std::move(part));
  }
  return parts;
}

Error bad_line(const std::string& path, int64_t number, const std::string& why) {
  Error error = fail(ErrorCode::invalid_file, "line {} of the list '{}' {}", number, path, why);
  error.file = path;
  return error;
}

}  // namespace

Result<std::vector<ListLine>> read_list(const std::string& path) {
  QUERN_TRY(const std::vector<std::byte> bytes, read_file(path, kMaxListBytes));
  std::stringstream text(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  std::vector<ListLine> lines;
  int64_t number = 0;
  for (std::string raw; std::getline(text, raw);) {
    ++number;
    const std::string line = trimmed(raw);
    if (line.empty() || line[0] == '#') continue;
    if (line.find('\0') != std::string::npos) return bad_line(path, number, "is not text");
    lines.push_back({line, parts_of(line)});
    std::vector<std::string> names;
    for (const auto& [name, file] : lines.back().parts) names.push_back(name);
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice != names.end()) return bad_line(path, number, fmt::format("gives the input '{}' twice", *twice));
  }
  return lines;
}

}  // namespace quern
