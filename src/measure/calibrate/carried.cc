#include "measure/calibrate/carried.h"

#include <algorithm>
#include <cmath>

namespace quern {

namespace {

constexpr double kDeviations = 3;
constexpr double kBeyond = 0.00135;  // the share of a Gaussian below its mean minus 3 deviations

double middle(const Histogram& histogram, size_t bin) {
  return histogram.range.low + (static_cast<double>(bin) + 0.5) * histogram.width();
}

/// The lower end of the bin that `share` of the numbers lie below.
double reached_by_most(const Histogram& histogram, double total) {
  double below = 0;
  size_t bin = 0;
  while (bin + 1 < histogram.counts.size() && below + histogram.counts[bin] <= kBeyond * total)
    below += histogram.counts[bin++];
  return histogram.range.low + static_cast<double>(bin) * histogram.width();
}

float carried_by(const Histogram& histogram) {
  double n = 0;
  double x = 0;
  double xx = 0;
  for (size_t i = 0; i < histogram.counts.size(); ++i) {
    const double v = middle(histogram, i);
    n += histogram.counts[i];
    x += histogram.counts[i] * v;
    xx += histogram.counts[i] * v * v;
  }
  if (!(n > 0)) return 0;
  const double mean = x / n;
  const double deviation = std::sqrt(std::max(0.0, xx / n - mean * mean));
  return static_cast<float>(std::max(0.0, std::min(mean - kDeviations * deviation, reached_by_most(histogram, n))));
}

/// The bins move down with the numbers; what falls below 0 is 0.
Histogram lowered_by(const Histogram& seen, float offset) {
  Histogram moved = seen;
  moved.range = {seen.range.low - offset, seen.range.high - offset};
  if (!(moved.range.low < 0)) return moved;
  Histogram cut{{0, std::max(0.0F, moved.range.high)}, std::vector<double>(seen.counts.size(), 0), 0};
  cut.add(moved);
  for (size_t i = 0; i < moved.counts.size() && middle(moved, i) < 0; ++i) cut.zeros += moved.counts[i];
  cut.zeros -= seen.zeros;  // they lie in those bins
  return cut;
}

}  // namespace

ChannelOffsets carried(const Observations& seen) {
  ChannelOffsets offsets(seen.size());
  for (size_t id = 0; id < seen.size(); ++id) {
    for (const Histogram& channel : seen[id].histograms) offsets[id].push_back(carried_by(channel));
  }
  return offsets;
}

Observation lowered(const Observation& seen, std::span<const float> offsets) {
  if (seen.empty() || offsets.size() != seen.channels.size()) return seen;
  Observation result;
  const auto moved = [](float v, float offset) { return offset > 0 ? std::max(0.0F, v - offset) : v; };
  for (size_t c = 0; c < offsets.size(); ++c) {
    const Range range = seen.channels[c];
    result.channels.push_back({moved(range.low, offsets[c]), moved(range.high, offsets[c])});
    if (c == 0) result.range = result.channels[0];
    result.range.include(result.channels.back());
    if (seen.histograms.empty()) continue;
    result.histograms.push_back(offsets[c] > 0 ? lowered_by(seen.histograms[c], offsets[c]) : seen.histograms[c]);
  }
  // The samples' own ranges by channel are not kept: the mean range shrinks as the whole does.
  const auto shrunk = [](float mean, float before, float after) { return before != 0 ? mean * after / before : mean; };
  result.mean_range = {shrunk(seen.mean_range.low, seen.range.low, result.range.low),
                       shrunk(seen.mean_range.high, seen.range.high, result.range.high)};
  return result;
}

}  // namespace quern
