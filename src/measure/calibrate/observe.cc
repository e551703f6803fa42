#include "measure/calibrate/observe.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace quern {

void Histogram::add(std::span<const float> numbers, size_t stride) {
  const auto width = static_cast<float>(this->width());
  const float inverse = width > 0 ? 1 / width : 0;
  const auto last = static_cast<float>(counts.size() - 1);
  for (size_t i = 0; i < numbers.size(); i += stride) {
    ++counts[static_cast<size_t>(std::clamp((numbers[i] - range.low) * inverse, 0.0F, last))];
    zeros += numbers[i] == 0 ? 1 : 0;
  }
}

void Histogram::add(const Histogram& other, double weight) {
  zeros += weight * other.zeros;
  const double inverse = width() > 0 ? 1 / width() : 0;
  const double step = other.width();
  const double last = static_cast<double>(counts.size()) - 1;
  for (size_t i = 0; i < other.counts.size(); ++i) {
    if (other.counts[i] == 0) continue;
    const double x = other.range.low + (static_cast<double>(i) + 0.5) * step;
    counts[static_cast<size_t>(std::clamp((x - range.low) * inverse, 0.0, last))] += weight * other.counts[i];
  }
}

namespace {

/// Nothing seen yet: the first number makes the range.
constexpr Range kNothing{std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity()};

/// So many bins in all the channels of a value, but each has enough to tell its own numbers apart.
constexpr size_t kBinsOfAValue = 16384;
constexpr size_t kFewestBins = 128;

size_t bins_of(size_t channels) {
  return std::clamp(kBinsOfAValue / std::max<size_t>(channels, 1), kFewestBins, Histogram::kBins);
}

bool widen(std::vector<Range>& channels, std::span<const float> numbers) {
  const size_t count = channels.size();
  bool finite = true;
  for (size_t i = 0; i < numbers.size(); i += count) {
    for (size_t c = 0; c < count; ++c) {
      const float v = numbers[i + c];
      channels[c].low = std::min(channels[c].low, v);
      channels[c].high = std::max(channels[c].high, v);
      finite &= std::isfinite(v);
    }
  }
  return finite;
}

Range whole_of(const std::vector<Range>& channels) {
  Range whole = kNothing;
  for (const Range& channel : channels) whole.include(channel);
  return whole;
}

class Observer {
 public:
  Observer(const Graph& graph, const std::vector<bool>& wanted, int64_t samples, size_t parts)
      : graph_(graph), wanted_(wanted), parts_(parts), seen_(parts, Observations(graph.values.size())) {
    for (size_t part = 0; part < parts; ++part)
      shares_.push_back(static_cast<float>((samples - static_cast<int64_t>(part) + static_cast<int64_t>(parts) - 1) /
                                           static_cast<int64_t>(parts)));
  }

  void range(int64_t sample, ValueId id, const Tensor& value) {
    if (!wanted_[static_cast<size_t>(id)] || value.empty()) return;
    Observation& seen = of(sample, id);
    const size_t count = value.shape().empty() ? 1 : static_cast<size_t>(value.shape().back());
    if (seen.empty()) seen.channels.assign(count, kNothing), seen.range = kNothing;
    std::vector<Range> channels(count, kNothing);
    if (!widen(channels, value.data<float>()) && strange_.empty()) strange_ = graph_.value(id).name;
    const Range whole = whole_of(channels);
    for (size_t c = 0; c < count; ++c) seen.channels[c].include(channels[c]);
    seen.range.include(whole);
    const float share = shares_[static_cast<size_t>(sample) % parts_];
    seen.mean_range.low += whole.low / share;
    seen.mean_range.high += whole.high / share;
  }

  /// Bins are the same for every part.
  void start_counting() {
    for (size_t id = 0; id < wanted_.size(); ++id) {
      std::vector<Range> channels = seen_[0][id].channels;
      for (size_t c = 0; c < channels.size(); ++c) {
        for (const Observations& part : seen_) {
          if (!part[id].empty()) channels[c].include(part[id].channels[c]);
        }
      }
      for (Observations& part : seen_) {
        part[id].histograms.clear();
        for (const Range& channel : channels)
          part[id].histograms.push_back({channel, std::vector<double>(bins_of(channels.size()), 0), 0});
      }
    }
  }

  void count(int64_t sample, ValueId id, const Tensor& value) {
    if (!wanted_[static_cast<size_t>(id)] || value.empty()) return;
    std::vector<Histogram>& histograms = of(sample, id).histograms;
    for (size_t c = 0; c < histograms.size(); ++c) histograms[c].add(value.data<float>().subspan(c), histograms.size());
  }

  /// The first value that held an infinity or no number.
  const std::string& strange() const { return strange_; }
  std::vector<Observations> take() { return std::move(seen_); }

 private:
  Observation& of(int64_t sample, ValueId id) {
    return seen_[static_cast<size_t>(sample) % parts_][static_cast<size_t>(id)];
  }

  const Graph& graph_;
  const std::vector<bool>& wanted_;
  size_t parts_;
  std::vector<float> shares_;  ///< samples by part
  std::vector<Observations> seen_;
  std::string strange_;
};

}  // namespace

Observation divided(const Observation& seen, std::span<const float> divisors) {
  if (seen.empty() || divisors.size() != seen.channels.size()) return seen;
  Observation result;
  result.range = kNothing;
  result.histograms = seen.histograms;
  for (size_t c = 0; c < divisors.size(); ++c) {
    const float s = divisors[c];
    const Range range = seen.channels[c];
    result.channels.push_back({range.low / s, range.high / s});
    result.range.include(result.channels.back());
    if (result.histograms.empty()) continue;
    Range& bins = result.histograms[c].range;
    bins = {bins.low / s, bins.high / s};
  }
  // The samples' own ranges by channel are not kept: the mean range shrinks as the whole does.
  const auto shrunk = [](float mean, float before, float after) { return before != 0 ? mean * after / before : mean; };
  result.mean_range = {shrunk(seen.mean_range.low, seen.range.low, result.range.low),
                       shrunk(seen.mean_range.high, seen.range.high, result.range.high)};
  return result;
}

Observation together(const Observation& a, double a_samples, const Observation& b, double b_samples) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  Observation both = a;
  both.range.include(b.range);
  for (size_t c = 0; c < a.channels.size(); ++c) both.channels[c].include(b.channels[c]);
  for (size_t c = 0; c < a.histograms.size(); ++c) {
    for (size_t i = 0; i < a.histograms[c].counts.size(); ++i)
      both.histograms[c].counts[i] += b.histograms[c].counts[i];
    both.histograms[c].zeros += b.histograms[c].zeros;
  }
  const double all = a_samples + b_samples;
  const auto mean = [&](float x, float y) { return static_cast<float>((x * a_samples + y * b_samples) / all); };
  both.mean_range = {mean(a.mean_range.low, b.mean_range.low), mean(a.mean_range.high, b.mean_range.high)};
  return both;
}

Result<std::vector<Observations>> observe(const GraphRunner& runner, const std::vector<bool>& wanted,
                                          const SampleSource& samples, bool histograms, size_t parts) {
  Observer observer(runner.graph(), wanted, samples.count, parts);
  for (int64_t i = 0; i < samples.count; ++i) {
    QUERN_TRY(const std::vector<Tensor> inputs, samples.read(i));
    QUERN_CHECK(runner.show(inputs, [&](ValueId id, const Tensor& value) { observer.range(i, id, value); }));
    if (!observer.strange().empty()) {
      return fail(ErrorCode::invalid_file,
                  "value '{}' is infinite or not a number for sample {}: there is no range to quantize to",
                  observer.strange(), i + 1);
    }
  }
  if (!histograms) return observer.take();
  observer.start_counting();
  for (int64_t i = 0; i < samples.count; ++i) {
    QUERN_TRY(const std::vector<Tensor> inputs, samples.read(i));
    QUERN_CHECK(runner.show(inputs, [&](ValueId id, const Tensor& value) { observer.count(i, id, value); }));
  }
  return observer.take();
}

}  // namespace quern
