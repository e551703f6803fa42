// The table as text: one line a row, columns aligned.
#include <fmt/format.h>

#include <algorithm>

#include "recipe/table_words.h"

namespace quern {

const char* to_string(TableRow::Kind kind) {
  for (const auto& [row, word] : kTableKinds) {
    if (row == kind) return word;
  }
  return "";
}

namespace {

constexpr const char* kHeading = R"(
# What decides the integers of an 8-bit model, in the order of the network. Numbers may be edited; a line that is
# taken out is found anew from samples (quern quantize --table FILE --data PATH).
#   value     NAME TYPE SCALE ZERO_POINT   real = (stored - zero point) * scale
#   weights   NAME TYPE SCALE...           one scale, or one an output channel; the zero point is 0
#   bias      NAME REAL...                 bias of each output channel; taken out with its weights: the model's own
#   balance   NAME FACTOR...               what each channel of a value is divided by (equalization)
#   absorb    NAME OFFSET...               what is then taken off each channel, and given to its readers' biases
#   rounding  NAME +GAP -GAP...            weights one code above or below the nearest; GAP elements after the last one
#   float     OPERATOR                     its arithmetic stays float
# Values that an operator ties together have the same scale and zero point.
)";

/// Longer names stand out of their column.
constexpr size_t kWidestName = 60;

bool needs_quotes(const std::string& name) {
  return name.empty() || name.front() == '#' || name.find_first_of(" \t\r\n\"\\") != std::string::npos;
}

std::string quoted(const std::string& name) {
  if (!needs_quotes(name)) return name;
  std::string text = "\"";
  for (char c : name) {
    if (c == '"' || c == '\\') text += '\\';
    text += c == '\n' ? "\\n" : c == '\t' ? "\\t" : c == '\r' ? "\\r" : std::string(1, c);
  }
  return text + "\"";
}

std::string steps_text(const std::vector<RoundedWeight>& rounded) {
  std::string text;
  int64_t last = 0;
  for (const RoundedWeight& weight : rounded) {
    text += fmt::format(" {}{}", weight.step > 0 ? '+' : '-', weight.element - last);
    last = weight.element;
  }
  return text;
}

std::string numbers_text(const std::vector<float>& numbers) {
  std::string text;
  for (float number : numbers) text += fmt::format(" {}", number);
  return text;
}

std::string row_text(const TableRow& row, size_t width) {
  std::string text = fmt::format("{:<9} {:<{}}", to_string(row.kind), quoted(row.name), width);
  switch (row.kind) {
    case TableRow::Kind::value:
      return text + fmt::format(" {:<5} {:<15} {:>4}", to_string(row.dtype), row.numbers.at(0), row.zero_point);
    case TableRow::Kind::weights:
      return text + fmt::format(" {:<5}", to_string(row.dtype)) + numbers_text(row.numbers);
    case TableRow::Kind::bias:
    case TableRow::Kind::balance:
    case TableRow::Kind::absorb:
      return text + numbers_text(row.numbers);
    case TableRow::Kind::rounding:
      return text + steps_text(row.rounded);
    case TableRow::Kind::keep_float:
      break;
  }
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

}  // namespace

std::string table_text(const QuantizationTable& table) {
  size_t width = 0;
  for (const TableRow& row : table.rows) width = std::max(width, std::min(quoted(row.name).size(), kWidestName));
  std::string text = std::string(kTableHead) + kHeading;
  for (const TableRow& row : table.rows) text += row_text(row, width) + "\n";
  return text;
}

}  // namespace quern
