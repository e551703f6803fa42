// What calibration sees of each value: its range, that of each channel, and how its numbers are spread.
#pragma once

#include <functional>
#include <vector>

#include "measure/calibrate/graph_walk.h"
#include "quantize/range.h"

namespace quern {

/// How many numbers fell into each of equally wide bins between the least and the greatest.
struct Histogram {
  Range range;
  std::vector<double> counts;

  static constexpr size_t kBins = 2048;
  double width() const { return (double{range.high} - range.low) / static_cast<double>(counts.size()); }
  void add(std::span<const float> numbers);
};

/// One value over all samples.
struct Observation {
  Range range;                  ///< least and greatest number seen
  Range mean_range;             ///< the mean over samples of each sample's least and greatest
  std::vector<Range> channels;  ///< by index of the last axis; empty for a scalar
  Histogram histogram;          ///< over `range`
};

/// Samples are read one at a time, as often as they are needed: memory does not grow with their number.
struct SampleSource {
  int64_t count = 0;
  std::function<Result<std::vector<Tensor>>(int64_t index)> read;  ///< the graph's inputs, in order
};

/// Runs all samples twice: first for ranges, then, when `histograms`, to count. By value; those that are not `wanted`
/// stay empty. Errors: those of reading and running; invalid_file when a wanted value is not finite, naming it and the
/// sample.
Result<std::vector<Observation>> observe(const Graph& graph, const std::vector<bool>& wanted,
                                         const SampleSource& samples, bool histograms, const SessionOptions& options);

}  // namespace quern
