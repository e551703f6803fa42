#include "measure/accuracy/bootstrap.h"

#include <algorithm>

namespace quern {

namespace {

double percentile(const std::vector<double>& sorted, double part) {
  const double at = part * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(at);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

const std::vector<int>& Redraw::next() {
  std::fill(counts_.begin(), counts_.end(), 0);
  for (size_t i = 0; i < counts_.size(); ++i) ++counts_[random_() % counts_.size()];
  return counts_;
}

Interval middle_95(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {percentile(values, 0.025), percentile(values, 0.975)};
}

}  // namespace quern
