#include "measure/calibrate/observe.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace quern {

void Histogram::add(std::span<const float> numbers) {
  const float width = static_cast<float>(this->width());
  const float inverse = width > 0 ? 1 / width : 0;
  const auto last = static_cast<float>(counts.size() - 1);
  for (float v : numbers) {
    ++counts[static_cast<size_t>(std::clamp((v - range.low) * inverse, 0.0F, last))];
  }
}

namespace {

/// Nothing seen yet: the first number makes the range.
constexpr Range kNothing{std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity()};

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

class Observer {
 public:
  Observer(const Graph& graph, const std::vector<bool>& wanted, int64_t samples)
      : graph_(graph), wanted_(wanted), samples_(samples), seen_(graph.values.size()) {
    for (size_t id = 0; id < seen_.size(); ++id) {
      const Shape& shape = graph.values[id].shape;
      seen_[id].range = kNothing;
      seen_[id].channels.assign(shape.empty() ? 1 : static_cast<size_t>(shape.back()), kNothing);
    }
  }

  void range(ValueId id, const Tensor& value) {
    if (!wanted_[static_cast<size_t>(id)] || value.empty()) return;
    Observation& seen = seen_[static_cast<size_t>(id)];
    std::vector<Range> channels(seen.channels.size(), kNothing);
    if (!widen(channels, value.data<float>()) && strange_.empty()) strange_ = graph_.value(id).name;
    Range whole = kNothing;
    for (size_t c = 0; c < channels.size(); ++c) {
      whole.include(channels[c]);
      seen.channels[c].include(channels[c]);
    }
    seen.range.include(whole);
    seen.mean_range.low += whole.low / static_cast<float>(samples_);
    seen.mean_range.high += whole.high / static_cast<float>(samples_);
  }

  void count(ValueId id, const Tensor& value) {
    if (!wanted_[static_cast<size_t>(id)] || value.empty()) return;
    Histogram& histogram = seen_[static_cast<size_t>(id)].histogram;
    if (histogram.counts.empty()) {
      histogram.range = seen_[static_cast<size_t>(id)].range;
      histogram.counts.assign(Histogram::kBins, 0);
    }
    histogram.add(value.data<float>());
  }

  /// The first value that held an infinity or no number.
  const std::string& strange() const { return strange_; }

  std::vector<Observation> take() {
    for (Observation& seen : seen_) {
      if (seen.range == kNothing) seen = {};
    }
    return std::move(seen_);
  }

 private:
  const Graph& graph_;
  const std::vector<bool>& wanted_;
  int64_t samples_;
  std::vector<Observation> seen_;
  std::string strange_;
};

}  // namespace

Result<std::vector<Observation>> observe(const Graph& graph, const std::vector<bool>& wanted,
                                         const SampleSource& samples, bool histograms, const SessionOptions& options) {
  QUERN_TRY(GraphWalk walk, GraphWalk::create(graph, options));
  Observer observer(graph, wanted, samples.count);
  for (int64_t i = 0; i < samples.count; ++i) {
    QUERN_TRY(const std::vector<Tensor> inputs, samples.read(i));
    QUERN_CHECK(walk.run(inputs, [&](ValueId id, const Tensor& value) { observer.range(id, value); }));
    if (!observer.strange().empty()) {
      return fail(ErrorCode::invalid_file,
                  "value '{}' is infinite or not a number for sample {}: there is no range to quantize to",
                  observer.strange(), i + 1);
    }
  }
  for (int64_t i = 0; histograms && i < samples.count; ++i) {
    QUERN_TRY(const std::vector<Tensor> inputs, samples.read(i));
    QUERN_CHECK(walk.run(inputs, [&](ValueId id, const Tensor& value) { observer.count(id, value); }));
  }
  return observer.take();
}

}  // namespace quern
