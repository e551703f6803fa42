// A list file: one sample a line.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "quern/status.h"

namespace quern {

/// One line: input name ("" when there is none) and path.
struct ListLine {
  std::string text;  ///< the line, trimmed
  std::vector<std::pair<std::string, std::string>> parts;
};

/// Blank lines and lines that start with '#' count for nothing. A line whose every word reads NAME=PATH (or NAME:=PATH)
/// holds several parts; any other line is one path, blanks included. A path with '=' in it begins with '/' or '.'.
/// Errors: as read_file; invalid_file for a line that is not text, or gives an input twice.
Result<std::vector<ListLine>> read_list(const std::string& path);

}  // namespace quern
