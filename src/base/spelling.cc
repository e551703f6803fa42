#include "base/spelling.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace quern {

namespace {

/// Levenshtein's distance, row by row.
size_t edits(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string nearest_word(std::string_view written, std::span<const std::string> known) {
  written = written.substr(0, 64);
  return *std::min_element(known.begin(), known.end(), [&](const std::string& a, const std::string& b) {
    return edits(written, a) < edits(written, b);
  });
}

}  // namespace quern
