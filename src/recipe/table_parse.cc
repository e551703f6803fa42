// The table from text; every word is doubted here, names are matched with a model later.
#include <charconv>
#include <cmath>
#include <limits>
#include <set>

#include "base/error.h"
#include "quern/file.h"
#include "recipe/table_words.h"

namespace quern {

namespace {

/// The words of a line: parted by blanks, or in double quotes with \" \\ \n \t \r. Nothing after a '#' that begins one.
class Words {
 public:
  explicit Words(std::string_view line) : rest_(line) {}

  /// Empty at the end; `bad()` when a quote is left open.
  std::optional<std::string> next() {
    const size_t begin = rest_.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos || rest_[begin] == '#') return std::nullopt;
    rest_.remove_prefix(begin);
    if (rest_[0] == '"') return quoted();
    const size_t end = std::min(rest_.find_first_of(" \t\r"), rest_.size());
    std::string word(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return word;
  }
  bool bad() const { return bad_; }

 private:
  std::optional<std::string> quoted() {
    std::string word;
    for (size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '"') {
        rest_.remove_prefix(i + 1);
        return word;
      }
      if (rest_[i] == '\\' && i + 1 < rest_.size()) {
        const char c = rest_[++i];
        word += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
      } else {
        word += rest_[i];
      }
    }
    bad_ = true;
    return std::nullopt;
  }

  std::string_view rest_;
  bool bad_ = false;
};

template <typename Number>
std::optional<Number> number_of(std::string_view word) {
  Number value{};
  const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (code != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return value;
}

std::optional<DType> stored_type(const std::string& word) {
  for (DType type : {DType::int8, DType::uint8, DType::int16}) {
    if (word == to_string(type)) return type;
  }
  return std::nullopt;
}

struct Codes {
  int32_t least;
  int32_t greatest;
};
Codes codes_of(DType type) {
  if (type == DType::int16) return {-32768, 32767};
  return type == DType::uint8 ? Codes{0, 255} : Codes{-128, 127};
}

class LineParser {
 public:
  LineParser(std::string_view line, int number, const std::string& path) : words_(line), number_(number), path_(path) {}

  /// Nothing for a blank line or a comment.
  Result<std::optional<TableRow>> parse() {
    const auto word = words_.next();
    if (words_.bad()) return complain("a name in quotes that are not closed");
    if (!word) return std::optional<TableRow>{};
    QUERN_CHECK(kind(*word));
    const auto name = words_.next();
    if (words_.bad()) return complain("a name in quotes that are not closed");
    if (!name) return complain("'{}' is without the name that it is about", *word);
    row_.name = *name;
    row_.line = number_;
    QUERN_CHECK(rest());
    if (words_.bad()) return complain("a name in quotes that are not closed");
    if (const auto more = words_.next()) return complain("'{}' is one word too many for '{}'", *more, row_.name);
    return std::optional<TableRow>{std::move(row_)};
  }

 private:
  template <typename... Args>
  Error complain(fmt::format_string<Args...> sentence, Args&&... args) const {
    Error error = fail(ErrorCode::invalid_file, "line {} of '{}': {}", number_, path_,
                       fmt::format(sentence, std::forward<Args>(args)...));
    error.file = path_;
    return error;
  }

  Status kind(const std::string& word) {
    for (const auto& [kind, name] : kTableKinds) {
      if (word != name) continue;
      row_.kind = kind;
      return {};
    }
    return complain("'{}' begins no line of a table (value, weights, bias, balance, absorb, rounding, float)", word);
  }

  Status rest() {
    switch (row_.kind) {
      case TableRow::Kind::value:
        QUERN_CHECK(type());
        QUERN_CHECK(scales(1));
        return zero_point();
      case TableRow::Kind::weights:
        QUERN_CHECK(type());
        return scales(std::numeric_limits<size_t>::max());
      case TableRow::Kind::balance:
        return scales(std::numeric_limits<size_t>::max());
      case TableRow::Kind::bias:
        return reals();
      case TableRow::Kind::absorb:
        return offsets();
      case TableRow::Kind::rounding:
        return steps();
      case TableRow::Kind::keep_float:
        break;
    }
    return {};
  }

  Status type() {
    const auto word = words_.next();
    const auto found = word ? stored_type(*word) : std::nullopt;
    if (!found || (row_.kind == TableRow::Kind::weights && *found != DType::int8)) {
      return complain("'{}' needs a type ({}) after its name, not '{}'", row_.name,
                      row_.kind == TableRow::Kind::weights ? "int8" : "int8, uint8 or int16", word.value_or(""));
    }
    row_.dtype = *found;
    return {};
  }

  /// At least one, at most `most`, all finite and above 0.
  Status scales(size_t most) {
    while (row_.numbers.size() < most) {
      const auto word = words_.next();
      if (!word) break;
      const auto scale = number_of<float>(*word);
      if (!scale) return complain("'{}' of '{}' is not a number", *word, row_.name);
      if (!std::isnormal(*scale) || *scale < 0)
        return complain("a scale of '{}' is {}: it must be above 0 and finite", row_.name, *word);
      row_.numbers.push_back(*scale);
    }
    if (row_.numbers.empty()) return complain("'{}' has no scale", row_.name);
    return {};
  }

  Status zero_point() {
    const auto word = words_.next();
    if (!word) return complain("'{}' has no zero point behind its scale", row_.name);
    const auto zero = number_of<int32_t>(*word);
    if (!zero) return complain("zero point '{}' of '{}' is not an integer", *word, row_.name);
    const Codes codes = codes_of(row_.dtype);
    if (*zero < codes.least || *zero > codes.greatest) {
      return complain("zero point {} of '{}' is outside {}: {} to {}", *zero, row_.name, to_string(row_.dtype),
                      codes.least, codes.greatest);
    }
    row_.zero_point = *zero;
    return {};
  }

  Status reals() {
    while (const auto word = words_.next()) {
      const auto real = number_of<float>(*word);
      if (!real || !std::isfinite(*real)) return complain("'{}' of '{}' is not a finite number", *word, row_.name);
      row_.numbers.push_back(*real);
    }
    if (row_.numbers.empty()) return complain("'{}' has no numbers", row_.name);
    return {};
  }

  /// None below 0: a Relu leaves nothing there that could be taken off.
  Status offsets() {
    QUERN_CHECK(reals());
    for (float offset : row_.numbers) {
      if (offset < 0) return complain("an offset of '{}' is {}: it must not be below 0", row_.name, offset);
    }
    return {};
  }

  Status steps() {
    int64_t element = 0;
    while (const auto word = words_.next()) {
      const bool sign = word->size() > 1 && ((*word)[0] == '+' || (*word)[0] == '-');
      const auto gap = sign ? number_of<int64_t>(std::string_view(*word).substr(1)) : std::nullopt;
      if (!gap || *gap < 0 || *gap > std::numeric_limits<int64_t>::max() - element)
        return complain("'{}' of '{}' is not +GAP or -GAP", *word, row_.name);
      element += *gap;
      row_.rounded.push_back({element, (*word)[0] == '+' ? 1 : -1});
    }
    return {};
  }

  Words words_;
  int number_;
  const std::string& path_;
  TableRow row_;
};

Error named_twice(const TableRow& row, const std::string& path) {
  Error error = fail(ErrorCode::invalid_file, "line {} of '{}': there is a '{}' line for '{}' already", row.line, path,
                     to_string(row.kind), row.name);
  error.file = path;
  return error;
}

}  // namespace

Result<QuantizationTable> parse_table(const std::string& text, const std::string& path) {
  QuantizationTable table{path, {}};
  std::set<std::pair<TableRow::Kind, std::string>> names;
  int number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    QUERN_TRY(auto row, LineParser(line, ++number, path).parse());
    begin = end + 1;
    if (!row) continue;
    if (!names.emplace(row->kind, row->name).second) return named_twice(*row, path);
    table.rows.push_back(*std::move(row));
  }
  if (!table.rows.empty()) return table;
  Error error =
      fail(ErrorCode::invalid_file, "'{}' holds no line of a table; quern quantize --save-table writes one", path);
  error.file = path;
  return error;
}

Result<QuantizationTable> read_table(const std::string& path) {
  QUERN_TRY(const auto bytes, read_file(path));
  return parse_table({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path);
}

}  // namespace quern
