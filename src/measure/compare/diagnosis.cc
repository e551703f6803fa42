#include "measure/compare/diagnosis.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "measure/compare/float_twin.h"

namespace quern {

namespace {

constexpr size_t kBins = 64;
/// A trial of a lower priority is named instead when it gains as much but for this.
constexpr double kAboutDb = 1;
/// Preprocessing is named when it gives this share of the best gain: its fix leaves the weights as they are.
constexpr double kInputShare = 0.6;
/// A scale a channel brings the right range along: of its gain the greater part must be its own, or the range is named.
constexpr double kRangeShare = 0.5;

Spread empty_spread(const Layer& layer, const Value& value) {
  Spread spread;
  spread.low = layer.low;
  spread.high = layer.high > layer.low ? layer.high : layer.low + 1;
  spread.reference.assign(kBins, 0);
  spread.candidate.assign(kBins, 0);
  spread.stored_low = spread.low;
  spread.stored_high = spread.high;
  if (is_stored(value.dtype, value.quantization) && !value.quantization.per_axis()) {
    const StoredRange range = stored_range(value.dtype, value.quantization);
    spread.stored_low = range.low;
    spread.stored_high = range.high;
  }
  return spread;
}

void count(std::span<const float> numbers, const Spread& spread, std::vector<double>& bins) {
  const double scale = static_cast<double>(bins.size()) / (spread.high - spread.low);
  const auto last = static_cast<double>(bins.size() - 1);
  for (const float number : numbers) {
    if (std::isfinite(number)) bins[static_cast<size_t>(std::clamp((number - spread.low) * scale, 0.0, last))] += 1;
  }
}

double sqnr(const DistanceSum& sum) {
  return decibels(sum.signal(), sum.noise());
}

/// The gain from which a trial may be named beside the best one.
double asked_of(const Trial& trial, const Trial& best, double best_gain) {
  if (trial.name == "preprocessing") return kInputShare * best_gain;
  const bool range = trial.name == "clipping" || trial.name == "wide_range" || trial.name == "shared_scale";
  if (range && best.name == "outlier_channel") return kRangeShare * best_gain;
  return best_gain - kAboutDb;
}

}  // namespace

Diagnosis::Diagnosis(const Sides& sides, const std::vector<Layer>& layers, const std::vector<size_t>& worst)
    : sides_(sides), layers_(layers), injection_(sides) {
  for (size_t layer : worst) {
    Case fresh{trials_for(sides, layers, layer)};
    fresh.spread = empty_spread(layers[layer], sides.candidate->value(layers[layer].value));
    cases_.emplace(layer, std::move(fresh));
  }
}

Status Diagnosis::try_fixes(size_t layer, const Isolated& isolated) {
  const auto found = cases_.find(layer);
  if (found == cases_.end()) return {};
  Case& one = found->second;
  const auto truth = isolated.truth->data<float>();
  const ValueId value = layers_[layer].value;
  QUERN_TRY(const Tensor real, sides_.in_reference_units(*isolated.truth, value));
  QUERN_TRY(const Tensor before, sides_.in_reference_units(*isolated.stored, value));
  one.before.add(real.data<float>(), before.data<float>());
  count(truth, one.spread, one.spread.reference);
  count(isolated.stored->data<float>(), one.spread, one.spread.candidate);
  for (Trial& trial : one.trials) {
    QUERN_TRY(const Tensor stored, trial.stored(isolated));
    QUERN_TRY(const Tensor after, sides_.in_reference_units(stored, value));
    trial.sum.add(real.data<float>(), after.data<float>());
  }
  return {};
}

Status Diagnosis::add(const SampleRun& run) {
  QUERN_CHECK(injection_.add_candidate(run));
  return walk_isolated(sides_, layers_, run, [&](size_t layer, const Isolated& isolated) -> Status {
    if (cases_.count(layer) == 0) return {};
    QUERN_CHECK(try_fixes(layer, isolated));
    return injection_.inject(layer, run, layers_[layer].value, *isolated.stored);
  });
}

std::optional<Cause> Diagnosis::cause_of(const Case& found) const {
  const double before = sqnr(found.before);
  const auto gain_of = [&](const Trial& trial) { return sqnr(trial.sum) - before; };
  const auto best = std::ranges::max_element(found.trials, {}, gain_of);
  if (best == found.trials.end()) return std::nullopt;
  const Trial* named = nullptr;
  for (const Trial& trial : found.trials) {
    if (gain_of(trial) < std::max(kMinGainDb, asked_of(trial, *best, gain_of(*best)))) continue;
    const bool better = named == nullptr || trial.priority < named->priority ||
                        (trial.priority == named->priority && sqnr(trial.sum) > sqnr(named->sum));
    if (better) named = &trial;
  }
  if (named == nullptr) return std::nullopt;
  return Cause{named->name, named->sentence, named->fix, before, sqnr(named->sum)};
}

std::optional<Cause> Diagnosis::cause(size_t layer) const {
  const auto found = cases_.find(layer);
  if (found == cases_.end()) return std::nullopt;
  const Layer& row = layers_[layer];
  const auto& ops = sides_.candidate->ops;
  const bool is_input = row.op == Layer::kInput || is_input_edge(*sides_.candidate, ops[static_cast<size_t>(row.op)]);
  if (is_input) {
    // What is wrong with an input shows at the operator that reads it.
    for (const auto& [other, one] : cases_) {
      if (layers_[other].op == Layer::kInput ||
          !reads_model_input(*sides_.candidate, ops[static_cast<size_t>(layers_[other].op)]))
        continue;
      const auto cause = cause_of(one);
      if (cause && cause->name == "preprocessing") return cause;
    }
  }
  return cause_of(found->second);
}

std::optional<Spread> Diagnosis::spread(size_t layer) const {
  const auto found = cases_.find(layer);
  if (found == cases_.end()) return std::nullopt;
  return found->second.spread;
}

std::optional<double> Diagnosis::share_pct(size_t layer) const {
  return injection_.share_pct(layer);
}

}  // namespace quern
