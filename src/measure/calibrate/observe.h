// What calibration sees of each value: the range of each channel, and how its numbers are spread.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "measure/graph_runner.h"
#include "quantize/equalize.h"
#include "quantize/range.h"

namespace quern {

/// How many numbers fell into each of equally wide bins between the least and the greatest.
struct Histogram {
  Range range;
  std::vector<double> counts;
  double zeros = 0;  ///< of those counted: exactly 0, which every scale stores exactly

  static constexpr size_t kBins = 2048;
  double width() const { return (double{range.high} - range.low) / static_cast<double>(counts.size()); }
  /// Every `stride`-th of the numbers.
  void add(std::span<const float> numbers, size_t stride = 1);
  /// Takes in what another counted, wherever its bins lie; each of its numbers counts `weight` times.
  void add(const Histogram& other, double weight = 1);
};

/// One value over all samples.
struct Observation {
  Range range;                        ///< least and greatest number seen
  Range mean_range;                   ///< the mean over samples of each sample's least and greatest
  std::vector<Range> channels;        ///< by index of the last axis; empty for a scalar
  std::vector<Histogram> histograms;  ///< by index of the last axis; empty when nothing was counted

  bool empty() const { return channels.empty(); }
};

/// What would have been seen of the channels divided by `divisors` (one a channel).
Observation divided(const Observation& seen, std::span<const float> divisors);
/// What was seen by two observers of the same value, whose histograms have the same bins. The mean range counts each by
/// its samples.
Observation together(const Observation& a, double a_samples, const Observation& b, double b_samples);

/// Samples are read one at a time, as often as they are needed: memory does not grow with their number.
struct SampleSource {
  int64_t count = 0;
  std::function<Result<std::vector<Tensor>>(int64_t index)> read;  ///< the graph's inputs, in order
};

/// By value; those that are not wanted stay empty.
using Observations = std::vector<Observation>;

/// Runs all samples twice: first for ranges, then, when `histograms`, to count. Sample i is seen by observer i mod
/// `parts`; all observers count in the same bins. Errors: those of reading and running; invalid_file when a wanted
/// value is not finite, naming it and the sample.
Result<std::vector<Observations>> observe(const GraphRunner& runner, const std::vector<bool>& wanted,
                                          const SampleSource& samples, bool histograms, size_t parts);

}  // namespace quern
