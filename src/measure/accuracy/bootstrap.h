// Intervals by drawing pictures anew.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "quern/measure.h"

namespace quern {

/// How often each of `pictures` is drawn when as many are drawn with repetition. The same everywhere for one seed.
class Redraw {
 public:
  Redraw(int64_t pictures, uint64_t seed) : random_(seed), counts_(static_cast<size_t>(pictures)) {}
  const std::vector<int>& next();

 private:
  std::mt19937_64 random_;
  std::vector<int> counts_;
};

/// From the 2.5th to the 97.5th percentile, between two values linearly. Requires at least one value.
Interval middle_95(std::vector<double> values);

}  // namespace quern
