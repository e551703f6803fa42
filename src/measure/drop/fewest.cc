#include "measure/drop/fewest.h"

#include <algorithm>

#include "base/error.h"

namespace quern {

namespace {

/// The steps one by one, the one that takes away most an operator first.
void rank(std::vector<DropStep>& steps) {
  std::ranges::stable_sort(steps, [](const DropStep& a, const DropStep& b) { return a.weight() > b.weight(); });
}

std::vector<DropStep> first_of(const std::vector<DropStep>& steps, size_t count) {
  return {steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(count)};
}

}  // namespace

Result<std::vector<DropStep>> fewest_kept(std::vector<DropStep> steps, double most, const TryKept& drop_with) {
  rank(steps);
  QUERN_TRY(const double untouched, drop_with({}));
  if (untouched <= most) return std::vector<DropStep>{};
  QUERN_TRY(const double everything, drop_with(steps));
  if (!(everything <= most)) {
    // So that people see what keeping more would give.
    for (size_t part = 1; part < 4; ++part) QUERN_CHECK(drop_with(first_of(steps, part * steps.size() / 4)).status());
    return steps;
  }
  size_t fails = 0;
  size_t meets = steps.size();
  while (meets - fails > 1) {
    const size_t middle = fails + (meets - fails) / 2;
    QUERN_TRY(const double drop, drop_with(first_of(steps, middle)));
    (drop <= most ? meets : fails) = middle;
  }
  steps.resize(meets);
  for (size_t i = steps.size(); i-- > 0;) {
    std::vector<DropStep> others = steps;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    QUERN_TRY(const double drop, drop_with(others));
    if (drop <= most) steps = std::move(others);
  }
  return steps;
}

}  // namespace quern
