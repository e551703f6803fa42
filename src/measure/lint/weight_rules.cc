// Rules about constants: weights and biases, one output channel at a time.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "measure/lint/subject.h"
#include "quern/measure.h"

namespace quern {

namespace {

/// Channels that differ in range by more than this cannot share one scale of 255 steps.
constexpr float kWideSpread = 1000;
/// Weights below this share of the operator's greatest are nothing in float32 either.
constexpr float kNothing = 1e-7F;
/// A bias code beyond this leaves no room for the sum it is added to (docs/quantization.md).
constexpr double kBiasRoom = 1 << 29;

struct Weights {
  const Op* op;
  const Tensor* weights;
  std::vector<float> peaks;  ///< greatest magnitude by output channel
  float peak = 0;
};

std::vector<Weights> weights_of(const Graph& graph) {
  std::vector<Weights> all;
  for (const Op& op : graph.ops) {
    if (!has_constant_weights(graph, op)) continue;
    const Tensor& weights = *graph.value(op.inputs[1]).constant;
    if (weights.dtype() != DType::float32 || weights.empty() || weights.rank() < 2) continue;
    Weights one{&op, &weights, std::vector<float>(static_cast<size_t>(weights.shape()[0]), 0), 0};
    const auto numbers = weights.data<float>();
    const size_t inner = numbers.size() / one.peaks.size();
    for (size_t i = 0; i < numbers.size(); ++i) {
      float& peak = one.peaks[i / inner];
      if (std::isfinite(numbers[i])) peak = std::max(peak, std::abs(numbers[i]));
    }
    one.peak = *std::ranges::max_element(one.peaks);
    all.push_back(std::move(one));
  }
  return all;
}

/// Infinity is meant there: bounds, and masks of what does not count.
bool may_hold_infinity(const Op& op) {
  return op.kind == OpKind::Clip || op.kind == OpKind::Where || op.kind == OpKind::Min || op.kind == OpKind::Max ||
         op.kind == OpKind::Pad;
}

/// What a channel was on this many positions and samples is what it is.
constexpr int64_t kEnoughPositions = 64;

/// How many numbers of each channel the samples showed, when they differ.
int64_t positions_seen(const LintSubject& subject, const Value& value) {
  if (subject.seen == nullptr || subject.seen->all_equal || value.shape.empty()) return 0;
  int64_t positions = subject.seen->samples;
  for (size_t i = 0; i + 1 < value.shape.size(); ++i) positions *= value.shape[i];
  return positions;
}

/// Output channels of a matrix operator that gave one number only, on all samples; without enough data those whose
/// weights are all nothing.
size_t constant_channels(const LintSubject& subject, const Weights& one) {
  const Value& output = subject.ready->value(one.op->outputs[0]);
  if (positions_seen(subject, output) >= kEnoughPositions) {
    const auto seen = subject.seen->channels.find(output.name);
    if (seen != subject.seen->channels.end() && seen->second.size() == one.peaks.size()) {
      return static_cast<size_t>(
          std::ranges::count_if(seen->second, [](const Range& range) { return range.low == range.high; }));
    }
  }
  return static_cast<size_t>(std::ranges::count_if(one.peaks, [&](float peak) { return peak <= kNothing * one.peak; }));
}

/// The integers that biases would become on the scale of input and weights, one an output channel that is alive.
std::vector<double> bias_codes(const LintSubject& subject, const Weights& one) {
  const Graph& graph = *subject.ready;
  std::vector<double> codes;
  if (one.op->inputs.size() < 3 || !graph.is_constant(one.op->inputs[2])) return codes;
  const auto seen = subject.seen->ranges.find(graph.value(one.op->inputs[0]).name);
  const Tensor& bias = *graph.value(one.op->inputs[2]).constant;
  if (seen == subject.seen->ranges.end() || bias.dtype() != DType::float32) return codes;
  const double step = std::max(double{seen->second.high} - seen->second.low, 1e-30) / 255;
  const auto numbers = bias.data<float>();
  for (size_t c = 0; c < std::min(numbers.size(), one.peaks.size()); ++c) {
    if (one.peaks[c] > kNothing * one.peak) codes.push_back(std::abs(numbers[c]) / (step * one.peaks[c] / 127));
  }
  return codes;
}

/// Of many operators that a rule has something to say of, the one where it is worst speaks for all.
class Worst {
 public:
  void offer(double badness, const Op& op, std::string value, std::string message) {
    ++count_;
    if (op_ != nullptr && badness <= badness_) return;
    badness_ = badness;
    op_ = &op;
    value_ = std::move(value);
    message_ = std::move(message);
  }
  void give(Findings& findings, LintLevel level) const {
    if (op_ == nullptr) return;
    const std::string more =
        count_ < 2 ? "" : fmt::format("; {} other operator{} like it", count_ - 1, count_ == 2 ? " is" : "s are");
    findings.add(op_->name, value_, message_ + more, level);
  }

 private:
  size_t count_ = 0;
  double badness_ = 0;
  const Op* op_ = nullptr;
  std::string value_;
  std::string message_;
};

}  // namespace

void find_not_finite_weights(const LintSubject& subject, Findings& findings) {
  for (const Op& op : subject.read.ops) {
    for (ValueId id : op.inputs) {
      if (!subject.read.is_constant(id) || may_hold_infinity(op)) continue;
      const Tensor& constant = *subject.read.value(id).constant;
      if (constant.dtype() != DType::float32 || constant.empty()) continue;
      const auto numbers = constant.data<float>();
      const auto bad = std::ranges::count_if(numbers, [](float v) { return !std::isfinite(v); });
      if (bad == 0) continue;
      const auto first = std::ranges::find_if(numbers, [](float v) { return !std::isfinite(v); }) - numbers.begin();
      findings.add(op.name, fmt::format("{} of {} numbers", bad, numbers.size()),
                   fmt::format("'{}' of {} '{}' holds {} numbers that are infinite or not a number, the first at index "
                               "{}",
                               subject.read.value(id).name,
                               op.source_kind.empty() ? info(op.kind).name : op.source_kind, op.name, bad, first));
    }
  }
}

void find_wide_channel_weights(const LintSubject& subject, Findings& findings) {
  if (subject.ready == nullptr) return;
  Worst worst;
  for (const Weights& one : weights_of(*subject.ready)) {
    const auto alive = [&](float peak) { return peak > kNothing * one.peak; };
    float least = one.peak;
    for (const float peak : one.peaks) {
      if (alive(peak)) least = std::min(least, peak);
    }
    if (!(least > 0) || one.peak / least <= kWideSpread) continue;
    const auto lost = std::ranges::count_if(one.peaks, [&](float p) { return alive(p) && p * 254 < one.peak; });
    worst.offer(
        one.peak / least, *one.op, fmt::format("1:{:.0f}", one.peak / least),
        fmt::format("the weights of {} '{}' reach from {:.3g} to {:.3g} by output channel; with one scale for all "
                    "{} of {} channels would become 0",
                    info(one.op->kind).name, short_name(one.op->name), least, one.peak, lost, one.peaks.size()));
  }
  worst.give(findings, subject.options.weights_per_channel ? LintLevel::note : LintLevel::warning);
}

void find_constant_channels(const LintSubject& subject, Findings& findings) {
  if (subject.ready == nullptr) return;
  Worst some, all;
  for (const Weights& one : weights_of(*subject.ready)) {
    const size_t constant = constant_channels(subject, one);
    if (constant == 0) continue;
    const double share = static_cast<double>(constant) / static_cast<double>(one.peaks.size());
    const bool every = constant == one.peaks.size();
    (every ? all : some)
        .offer(share, *one.op, fmt::format("{} of {} channels", constant, one.peaks.size()),
               fmt::format("{} of {} output channels of {} '{}' give the same number whatever the input is{}", constant,
                           one.peaks.size(), info(one.op->kind).name, short_name(one.op->name),
                           every ? ": nothing of the input gets through" : ""));
  }
  all.give(findings, LintLevel::warning);
  some.give(findings, LintLevel::note);
}

void find_huge_bias(const LintSubject& subject, Findings& findings) {
  if (subject.seen == nullptr || subject.ready == nullptr) return;
  const Graph& graph = *subject.ready;
  Worst worst;
  for (const Weights& one : weights_of(graph)) {
    const auto codes = bias_codes(subject, one);
    const auto beyond = std::ranges::count_if(codes, [](double code) { return code > kBiasRoom; });
    if (beyond == 0) continue;
    const double greatest = *std::ranges::max_element(codes);
    worst.offer(greatest, *one.op, fmt::format("code {:.3g}", greatest),
                fmt::format("{} of {} biases of {} '{}' are so great beside weights and inputs that their integers "
                            "would reach {:.3g}; the weights of those channels get a coarser scale",
                            beyond, one.peaks.size(), info(one.op->kind).name, short_name(one.op->name), greatest));
  }
  worst.give(findings, LintLevel::note);
}

}  // namespace quern
