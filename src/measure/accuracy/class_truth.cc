// The text file that says which class each picture shows.
#include <charconv>
#include <map>
#include <set>
#include <sstream>

#include "base/error.h"
#include "quern/file.h"
#include "quern/measure.h"

namespace quern {

namespace {

constexpr int64_t kMaxTextBytes = int64_t{256} << 20;
constexpr int kMaxClassIndex = 999999;
constexpr const char* kBlanks = " \t\r";

std::string trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// Cuts the next field off the front of `rest`.
std::string next_field(std::string& rest, const char* separators) {
  const size_t end = rest.find_first_of(separators);
  std::string field = trimmed(rest.substr(0, end));
  rest = end == std::string::npos ? "" : trimmed(rest.substr(end + 1));
  return field;
}

Error bad_line(const std::string& path, int64_t number, const std::string& why) {
  Error error = fail(ErrorCode::invalid_file, "line {} of '{}': {}", number, path, why);
  error.file = path;
  return error;
}

/// "picture class_index [class_name]"; nothing when the index is none.
std::optional<ClassTruth> parse_line(const std::string& line) {
  const char* separators = line.find('\t') != std::string::npos ? "\t" : " ";
  std::string rest = line;
  ClassTruth truth;
  truth.picture = next_field(rest, separators);
  const std::string index = next_field(rest, separators);
  truth.class_name = rest;
  const auto [end, code] = std::from_chars(index.data(), index.data() + index.size(), truth.class_index);
  const bool whole = code == std::errc() && end == index.data() + index.size();
  if (!whole || truth.class_index < 0 || truth.class_index > kMaxClassIndex) return std::nullopt;
  return truth;
}

/// What may stand only once in the file.
class Seen {
 public:
  /// A sentence when this line contradicts an earlier one, else "".
  std::string contradiction(const ClassTruth& truth) {
    if (!pictures_.insert(truth.picture).second) return fmt::format("the picture '{}' stands twice", truth.picture);
    if (truth.class_name.empty()) return "";
    const auto [at, fresh] = names_.emplace(truth.class_index, truth.class_name);
    if (fresh || at->second == truth.class_name) return "";
    return fmt::format("class {} is '{}' here, but '{}' before", truth.class_index, truth.class_name, at->second);
  }

 private:
  std::set<std::string> pictures_;
  std::map<int, std::string> names_;
};

}  // namespace

Result<std::vector<ClassTruth>> read_class_truth(const std::string& path) {
  QUERN_TRY(const std::vector<std::byte> bytes, read_file(path, kMaxTextBytes));
  std::stringstream text(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  std::vector<ClassTruth> truths;
  Seen seen;
  int64_t number = 0;
  for (std::string raw; std::getline(text, raw);) {
    ++number;
    const std::string line = trimmed(raw);
    if (line.empty() || line[0] == '#') continue;
    auto truth = parse_line(line);
    if (!truth) return bad_line(path, number, fmt::format("'{:.80}' is not 'picture class_index [class_name]'", line));
    const std::string contradiction = seen.contradiction(*truth);
    if (!contradiction.empty()) return bad_line(path, number, contradiction);
    truths.push_back(*std::move(truth));
  }
  if (!truths.empty()) return truths;
  Error error = fail(ErrorCode::invalid_file, "'{}' names no picture; each line reads 'picture class_index'", path);
  error.file = path;
  return error;
}

}  // namespace quern
