#include "measure/calibrate/ranges.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "quantize/labels.h"

namespace quern {

namespace {

constexpr int kCuts = 25;  // candidate ranges an end: from all of it down to 1 - kCuts * kCutStep
constexpr double kCutStep = 0.03;
constexpr double kLevels = 255;
constexpr size_t kEntropyLevels = 128;

/// Sums over the bins of a histogram up to each bin: counts, first and second moments.
class Moments {
 public:
  explicit Moments(const Histogram& histogram) : histogram_(histogram) {
    sums_.resize(histogram.counts.size() + 1);
    for (size_t i = 0; i < histogram.counts.size(); ++i) {
      const double x = middle(i);
      const double n = histogram.counts[i];
      sums_[i + 1] = {sums_[i].n + n, sums_[i].x + n * x, sums_[i].xx + n * x * x};
    }
  }

  /// Sum of squared distances from `edge` of all numbers below it (or above it).
  double below(double edge) const { return spread(sums_[bin(edge)], edge); }
  double above(double edge) const {
    const Sum all = sums_.back();
    const Sum part = sums_[bin(edge)];
    return spread({all.n - part.n, all.x - part.x, all.xx - part.xx}, edge);
  }
  double between(double low, double high) const { return sums_[bin(high)].n - sums_[bin(low)].n; }

 private:
  struct Sum {
    double n = 0, x = 0, xx = 0;
  };
  static double spread(const Sum& s, double edge) { return s.xx - 2 * edge * s.x + edge * edge * s.n; }
  double middle(size_t i) const { return histogram_.range.low + (static_cast<double>(i) + 0.5) * histogram_.width(); }
  size_t bin(double x) const {
    const double at = (x - histogram_.range.low) / histogram_.width();
    return static_cast<size_t>(std::clamp(at, 0.0, static_cast<double>(histogram_.counts.size())));
  }

  const Histogram& histogram_;
  std::vector<Sum> sums_;
};

Range cut_by_squared_error(const Tally& seen) {
  const Histogram& histogram = seen.histogram;
  if (histogram.counts.empty() || !(histogram.width() > 0)) return seen.range;
  const Moments moments(histogram);
  Range best = seen.range;
  double least = std::numeric_limits<double>::infinity();
  const int low_cuts = seen.range.low < 0 ? kCuts : 1;
  const int high_cuts = seen.range.high > 0 ? kCuts : 1;
  for (int a = 0; a < low_cuts; ++a) {
    for (int b = 0; b < high_cuts; ++b) {
      const double low = std::min(0.0, seen.range.low * (1 - kCutStep * a));
      const double high = std::max(0.0, seen.range.high * (1 - kCutStep * b));
      const double step = (high - low) / kLevels;
      // What a Relu made 0 is stored exactly.
      const double rounded = std::max(0.0, moments.between(low, high) - histogram.zeros);
      const double error = moments.below(low) + moments.above(high) + rounded * step * step / 12;
      if (error < least) least = error, best = {static_cast<float>(low), static_cast<float>(high)};
    }
  }
  return best;
}

Range cut_by_share(const Tally& seen, double percentile) {
  const Histogram& histogram = seen.histogram;
  double total = 0;
  for (double n : histogram.counts) total += n;
  const double outside = total * (1 - percentile / 100) / 2;
  size_t first = 0;
  size_t last = histogram.counts.size();
  for (double cut = 0; first + 1 < last && (cut += histogram.counts[first]) <= outside;) ++first;
  for (double cut = 0; last - 1 > first && (cut += histogram.counts[last - 1]) <= outside;) --last;
  const double low = histogram.range.low;
  return {static_cast<float>(low + static_cast<double>(first) * histogram.width()),
          static_cast<float>(low + static_cast<double>(last) * histogram.width())};
}

/// Divergence of the bins [first, last), with all outside counted at the ends, from the same bins merged into levels.
double divergence(const std::vector<double>& counts, size_t first, size_t last) {
  std::vector<double> p(counts.begin() + static_cast<long>(first), counts.begin() + static_cast<long>(last));
  for (size_t i = 0; i < first; ++i) p.front() += counts[i];
  for (size_t i = last; i < counts.size(); ++i) p.back() += counts[i];
  double total = 0;
  for (double n : p) total += n;
  const double each = static_cast<double>(p.size()) / kEntropyLevels;
  double sum = 0;
  for (size_t level = 0; level < kEntropyLevels; ++level) {
    const auto begin = static_cast<size_t>(static_cast<double>(level) * each);
    const auto end = std::min(p.size(), static_cast<size_t>(static_cast<double>(level + 1) * each));
    double inside = 0;
    double filled = 0;
    for (size_t i = begin; i < end; ++i) {
      inside += counts[first + i];
      filled += p[i] > 0 ? 1 : 0;
    }
    const double q = filled > 0 ? std::max(inside, 1e-12) / filled : 0;
    for (size_t i = begin; i < end; ++i) {
      if (p[i] > 0) sum += p[i] / total * std::log(p[i] / q);
    }
  }
  return sum;
}

Range cut_by_entropy(const Tally& seen) {
  const auto& counts = seen.histogram.counts;
  if (counts.size() < 2 * kEntropyLevels) return seen.range;
  Range best = seen.range;
  double least = std::numeric_limits<double>::infinity();
  const double width = seen.histogram.width();
  const auto zero = static_cast<double>(
      std::clamp(-seen.range.low / static_cast<float>(width), 0.0F, static_cast<float>(counts.size())));
  for (int cut = 0; cut < kCuts; ++cut) {
    const double keep = 1 - kCutStep * cut;
    const auto first = static_cast<size_t>(zero - zero * keep);
    const auto last = static_cast<size_t>(zero + (static_cast<double>(counts.size()) - zero) * keep);
    if (last <= first + kEntropyLevels) break;
    const double value = divergence(counts, first, last);
    if (value >= least) continue;
    least = value;
    best = {static_cast<float>(seen.range.low + static_cast<double>(first) * width),
            static_cast<float>(seen.range.low + static_cast<double>(last) * width)};
  }
  return best;
}

/// By input channel: the sum of the squares of the weights that multiply it.
std::vector<double> column_squares(const Graph& graph, const Op& op) {
  const Tensor& weights = *graph.value(op.inputs[1]).constant;
  const auto w = weights.data<float>();
  const auto own = static_cast<size_t>(weights.shape().back());
  const auto outs = static_cast<size_t>(weights.shape()[0]);
  const auto channels = static_cast<size_t>(graph.value(op.inputs[0]).shape.back());
  const size_t groups = own == 0 ? 1 : std::max<size_t>(channels / own, 1);
  const size_t each = w.size() / std::max<size_t>(outs, 1);
  std::vector<double> squares(own * groups, 0);
  for (size_t e = 0; e < w.size(); ++e) {
    const size_t group = e / each / (outs / groups);
    squares[group * own + e % own] += double{w[e]} * w[e];
  }
  return squares;
}

}  // namespace

Range choose_range(const Tally& seen, const RangeOptions& options) {
  Range range = seen.range;
  const bool counted = !seen.histogram.counts.empty() && seen.histogram.width() > 0;
  if (options.method == Calibration::moving_average) range = seen.mean_range;
  if (options.method == Calibration::percentile && counted) range = cut_by_share(seen, options.percentile);
  if (options.method == Calibration::entropy && counted) range = cut_by_entropy(seen);
  if ((options.method == Calibration::mse || options.method == Calibration::automatic) && counted)
    range = cut_by_squared_error(seen);
  return {range.low * options.widen, range.high * options.widen};
}

Result<ChannelWeights> reader_weights(const Graph& graph) {
  QUERN_TRY(const ChannelClasses classes, ChannelClasses::find(graph));
  std::vector<double> worth(static_cast<size_t>(classes.count()), 0);
  for (const Op& op : graph.ops) {
    if (!has_constant_weights(graph, op)) continue;
    const std::vector<int>& in = classes.of(op.inputs[0]);
    const std::vector<double> squares = column_squares(graph, op);
    double mean = 0;
    for (double square : squares) mean += square / static_cast<double>(squares.size());
    for (size_t c = 0; mean > 0 && c < std::min(in.size(), squares.size()); ++c)
      worth[static_cast<size_t>(in[c])] += squares[c] / mean;
  }
  ChannelWeights weights(graph.values.size());
  for (size_t id = 0; id < weights.size(); ++id) {
    const std::vector<int>& own = classes.of(static_cast<ValueId>(id));
    const bool known = std::ranges::all_of(
        own, [&](int cls) { return cls != ChannelClasses::kFixed && worth[static_cast<size_t>(cls)] > 0; });
    for (size_t c = 0; known && c < own.size(); ++c)
      weights[id].push_back(static_cast<float>(worth[static_cast<size_t>(own[c])]));
  }
  return weights;
}

Tally joined(const Observations& seen, const std::vector<ValueId>& members, const ChannelWeights& weights) {
  Tally whole;
  std::vector<ValueId> observed;
  std::ranges::copy_if(members, std::back_inserter(observed),
                       [&](ValueId id) { return !seen[static_cast<size_t>(id)].empty(); });
  if (observed.empty()) return whole;
  whole.range = seen[static_cast<size_t>(observed[0])].range;
  whole.mean_range = seen[static_cast<size_t>(observed[0])].mean_range;
  for (ValueId id : observed) {
    whole.range.include(seen[static_cast<size_t>(id)].range);
    whole.mean_range.include(seen[static_cast<size_t>(id)].mean_range);
  }
  whole.histogram = {whole.range, std::vector<double>(Histogram::kBins, 0), 0};
  for (ValueId id : observed) {
    const auto& channels = seen[static_cast<size_t>(id)].histograms;
    const auto& own = weights.empty() ? std::vector<float>{} : weights[static_cast<size_t>(id)];
    for (size_t c = 0; c < channels.size(); ++c)
      whole.histogram.add(channels[c], own.size() == channels.size() ? double{own[c]} : 1.0);
  }
  return whole;
}

std::vector<Quantization> choose_scales(const Assignment& assignment, const Observations& seen,
                                        const RangeOptions& options, const ChannelWeights& weights) {
  std::vector<Quantization> scales(assignment.graph.values.size());
  for (size_t id = 0; id < scales.size(); ++id) {
    if (!assignment.stored[id] || assignment.group[id] != static_cast<ValueId>(id)) continue;
    const std::vector<ValueId> members = assignment.members(static_cast<ValueId>(id));
    const Quantization* pin = assignment.pins.value(id);
    RangeOptions own = options;
    if (const RangeChoice* choice = assignment.choices.range(id)) {
      own.method = choice->method;
      own.percentile = choice->percentile;
      own.widen = 1;
    }
    // 16 bits have steps to spare: nothing is cut.
    if (assignment.wide[id]) own.method = Calibration::minmax, own.type = DType::int16;
    const Tally all = joined(seen, members, weights);
    const bool whole = !assignment.whole.empty() && assignment.whole[id];
    Range range = whole ? all.range : choose_range(all, own);
    for (ValueId member : members) {
      const auto possible = assignment.possible.find(member);
      if (possible != assignment.possible.end()) range.include(possible->second);
    }
    Quantization chosen = activation_quantization(range, own.type, own.symmetric);
    if (!assignment.demanded.empty() && !assignment.demanded[id].empty()) chosen = assignment.demanded[id];
    if (pin != nullptr) chosen = *pin;
    for (ValueId member : members) scales[static_cast<size_t>(member)] = chosen;
  }
  return scales;
}

}  // namespace quern
