#include "nearest.h"

#include <algorithm>
#include <numeric>

namespace quern::cli {

namespace {

/// Levenshtein's distance, one row at a time.
size_t edits(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t swap = diagonal + (a[i - 1] != b[j - 1] ? 1 : 0);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, swap});
    }
  }
  return row.back();
}

}  // namespace

std::string nearest(const std::string& wish, const std::vector<std::string>& known) {
  std::string best;
  size_t fewest = std::max<size_t>(2, wish.size() / 3) + 1;
  for (const std::string& word : known) {
    const size_t distance = edits(wish, word);
    if (distance >= fewest) continue;
    fewest = distance;
    best = word;
  }
  return best;
}

}  // namespace quern::cli
