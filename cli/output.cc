#include "output.h"

#include <algorithm>
#include <cstdio>

#include "quern/file.h"

namespace quern::cli {

namespace {

bool is_number(const std::string& cell) {
  if (cell.empty() || cell == "-") return true;
  return cell.find_first_not_of("0123456789.,+-%e") == std::string::npos;
}

/// Columns on a terminal: UTF-8 continuation bytes take no place.
size_t width_of(const std::string& cell) {
  return static_cast<size_t>(
      std::count_if(cell.begin(), cell.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

constexpr size_t kWidestCell = 64;

/// A cell that is too wide keeps its ends: converters join dozens of names into one, and the ends tell them apart.
std::string shortened(const std::string& cell) {
  if (width_of(cell) <= kWidestCell || width_of(cell) != cell.size()) return cell;
  constexpr size_t kTail = kWidestCell / 2;
  return cell.substr(0, kWidestCell - kTail - 1) + "…" + cell.substr(cell.size() - kTail);
}

void append_padded(std::string& line, const std::string& cell, size_t width, bool right) {
  const std::string pad(width - width_of(cell), ' ');
  line += right ? pad + cell : cell + pad;
}

// Names in models may be any bytes; JSON is UTF-8.
std::string dump(const Json& object) {
  return object.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

int exit_status(const Error& error) {
  switch (error.code) {
    case ErrorCode::invalid_file:
    case ErrorCode::unsupported:
    case ErrorCode::out_of_memory:
      return kBadFile;
    case ErrorCode::invalid_argument:
      return kUsage;
    case ErrorCode::not_found:
    case ErrorCode::io:
      return kInputOutput;
    case ErrorCode::placement:
      return kPlacement;
    case ErrorCode::device:
      return kDevice;
    case ErrorCode::internal:
      return kBug;
  }
  return kBug;
}

Error as_usage(Error error) {
  if (error.code == ErrorCode::not_found && error.file.empty()) error.code = ErrorCode::invalid_argument;
  return error;
}

void say(const Voice& voice, const std::string& text) {
  if (voice.quiet) return;
  fmt::print(voice.json ? stderr : stdout, "{}{}", text, text.ends_with('\n') ? "" : "\n");
}

void note(const Voice& voice, const std::string& sentence) {
  if (!voice.quiet) fmt::print(stderr, "quern: note: {}\n", sentence);
}

Status give_json(const Voice& voice, const Json& object) {
  if (voice.json) fmt::print("{}", dump(object));
  if (!voice.json_file.empty()) return write_file(voice.json_file, dump(object));
  return {};
}

int give_error(const Voice& voice, const Error& error) {
  fmt::print(stderr, "quern: error: {}\n", error.message);
  if (voice.json) {
    Json inner = {{"code", to_string(error.code)}, {"message", error.message}};
    if (!error.file.empty()) inner["file"] = error.file;
    if (!error.op.empty()) inner["operator"] = error.op;
    if (!error.kind.empty()) inner["kind"] = error.kind;
    fmt::print("{}", dump({{"schema", "quern.error/1"}, {"error", inner}}));
  }
  return exit_status(error);
}

std::string table(const std::vector<std::string>& head, std::vector<std::vector<std::string>> rows) {
  // The last column has nothing behind it to push away.
  for (auto& row : rows) {
    for (size_t i = 0; i + 1 < row.size(); ++i) row[i] = shortened(row[i]);
  }
  std::vector<size_t> widths;
  std::vector<bool> right(head.size(), !rows.empty());
  for (const std::string& cell : head) widths.push_back(width_of(cell));
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(row[i]));
      if (!is_number(row[i])) right[i] = false;
    }
  }
  std::string text;
  const auto add = [&](const std::vector<std::string>& row) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      append_padded(line, row[i], widths[i], right[i]);
      line += "  ";
    }
    while (line.ends_with(' ')) line.pop_back();
    text += line + "\n";
  };
  add(head);
  for (const auto& row : rows) add(row);
  return text;
}

std::string grouped(int64_t number) {
  std::string digits = std::to_string(number);
  for (int at = static_cast<int>(digits.size()) - 3; at > (number < 0 ? 1 : 0); at -= 3)
    digits.insert(static_cast<size_t>(at), ",");
  return digits;
}

Json to_json(const ValueInfo& value) {
  Json shape = Json::array();
  for (size_t i = 0; i < value.shape.size(); ++i) {
    if (value.shape[i] >= 0) {
      shape.push_back(value.shape[i]);
    } else {
      shape.push_back(i < value.symbols.size() && !value.symbols[i].empty() ? value.symbols[i] : "?");
    }
  }
  const bool known = value.shape_known || !value.shape.empty();
  return {{"name", value.name},
          {"dtype", to_string(value.dtype)},
          {"shape", known ? shape : Json()},
          {"scale", value.quantization.scales},
          {"zero_point", value.quantization.zero_points},
          {"axis", value.quantization.per_axis() ? Json(value.quantization.axis) : Json()}};
}

Json to_json(const Placement& placement) {
  return Json::parse(placement_json(placement));
}

}  // namespace quern::cli
