#include "measure/lint/seen.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "measure/lint/input_forms.h"
#include "measure/lint/probe.h"

namespace quern {

namespace {

constexpr int64_t kSamples = 8;
/// Other forms of the input are tried on fewer.
constexpr int64_t kTrialSamples = 2;
/// With fewer biased operators than this, their biases say nothing in common.
constexpr size_t kFewestBiases = 5;

// On 11 trained networks with the input they were trained on, `first` lies within 0.5..3.2 and the median within
// 0.6..1.9, but for one without batch normalization (700 and 2700), which no form brings near 1. The running
// statistics of a batch normalization agree within 0.7..1.3 (deviation) and 0.3 (mean).
constexpr double kTooSmall = 0.05, kTooLarge = 30;
constexpr double kNormRatio = 8, kNormShift = 4;

bool fits(const InputEvidence& evidence) {
  if (evidence.norm) return evidence.norm->ratio > 1.0 / 3 && evidence.norm->ratio < 3 && evidence.norm->shift < 1.5;
  if (!evidence.bias) return false;
  return evidence.bias->first > 0.2 && evidence.bias->first < 8 && evidence.bias->median > 0.4 &&
         evidence.bias->median < 3;
}

/// How far from 1, for the choice among forms that fit.
double distance_from_fitting(const InputEvidence& evidence) {
  if (evidence.norm) return std::abs(std::log(evidence.norm->ratio)) + evidence.norm->shift;
  return std::abs(std::log(evidence.bias->first)) + std::abs(std::log(evidence.bias->median));
}

std::vector<int64_t> spread_indices(int64_t count, int64_t wanted) {
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < std::min(count, wanted); ++i) indices.push_back(i * count / std::min(count, wanted));
  return indices;
}

bool same_bytes(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  return std::ranges::equal(a, b, [](const Tensor& x, const Tensor& y) {
    return x.bytes() == y.bytes() && std::memcmp(x.raw(), y.raw(), x.bytes()) == 0;
  });
}

void add_range(const std::string& name, const Tensor& value, Seen& seen) {
  if (value.dtype() != DType::float32 || value.empty()) return;
  constexpr float kMost = std::numeric_limits<float>::max();
  const size_t count = value.rank() == 0 ? 1 : static_cast<size_t>(value.shape().back());
  auto [channels, fresh] = seen.channels.try_emplace(name, count, Range{kMost, -kMost});
  const auto numbers = value.data<float>();
  for (size_t i = 0; i < numbers.size(); ++i) {
    Range& range = channels->second[i % count];
    range.low = std::min(range.low, numbers[i]);
    range.high = std::max(range.high, numbers[i]);
  }
  Range whole = channels->second[0];
  for (const Range& range : channels->second) whole.include(range);
  seen.ranges[name] = whole;
}

Result<InputEvidence> evidence_of(Probe& probe, const SampleSource& data, const InputForm& form) {
  probe.restart();
  for (int64_t i : spread_indices(data.count, kTrialSamples)) {
    QUERN_TRY(std::vector<Tensor> inputs, data.read(i));
    for (Tensor& input : inputs) {
      if (input.dtype() != DType::float32) continue;
      QUERN_TRY(input, in_form(input, form));
    }
    QUERN_CHECK(probe.run(inputs, {}));
  }
  return probe.evidence();
}

/// The best of the forms that fit, where the given one is far off.
Status try_forms(Probe& probe, const SampleSource& data, Seen& seen) {
  for (const InputForm& form : input_forms()) {
    if (!form.scales()) continue;
    QUERN_TRY(const InputEvidence evidence, evidence_of(probe, data, form));
    if (!fits(evidence)) continue;
    if (seen.better && distance_from_fitting(*seen.better) <= distance_from_fitting(evidence)) continue;
    seen.better = evidence;
    seen.better_form = form.text;
  }
  return {};
}

}  // namespace

bool is_far_off(const InputEvidence& evidence) {
  if (evidence.norm) {
    const double ratio = evidence.norm->ratio;
    return ratio < 1 / kNormRatio || ratio > kNormRatio || evidence.norm->shift > kNormShift;
  }
  return evidence.bias && evidence.bias->operators >= kFewestBiases &&
         (evidence.bias->first < kTooSmall || evidence.bias->first > kTooLarge);
}

Result<Seen> look_at_data(const Model& model, const SampleSource& data, const SessionOptions& session) {
  QUERN_TRY(Probe probe, Probe::create(model, session));
  Seen seen;
  std::vector<Tensor> first;
  for (int64_t i : spread_indices(data.count, kSamples)) {
    QUERN_TRY(const std::vector<Tensor> inputs, data.read(i));
    if (seen.samples == 0) {
      first = inputs;
      seen.all_equal = data.count > 1;
    } else {
      seen.all_equal = seen.all_equal && same_bytes(first, inputs);
    }
    QUERN_CHECK(probe.run(inputs, [&](const std::string& name, const Tensor& v) { add_range(name, v, seen); }));
    ++seen.samples;
  }
  seen.input = probe.evidence();
  if (is_far_off(seen.input)) QUERN_CHECK(try_forms(probe, data, seen));
  return seen;
}

}  // namespace quern
