// Weights and bias: what the reference's would give, stored with a scale for every output channel.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "measure/compare/distances.h"
#include "measure/compare/float_twin.h"
#include "measure/compare/trials.h"

namespace quern {

namespace {

/// Output channels whose weights differ in range by more than this lose two bits under one scale.
constexpr float kWideSpread = 4;

/// The reference's operator that makes the same value, or nullptr.
const Op* reference_op(const Sides& sides, const Layer& layer) {
  const auto& match = sides.match(layer.value);
  const ValueId id = sides.plain->find(sides.reference->value(match->reference).name);
  if (id == kNoValue) return nullptr;
  for (const Op& op : sides.plain->ops) {
    if (std::ranges::find(op.outputs, id) != op.outputs.end()) return &op;
  }
  return nullptr;
}

const Tensor* float_constant(const Graph& graph, const Op& op, size_t slot) {
  if (op.inputs.size() <= slot || !graph.is_constant(op.inputs[slot])) return nullptr;
  const Tensor& constant = *graph.value(op.inputs[slot]).constant;
  return constant.dtype() == DType::float32 && !constant.empty() ? &constant : nullptr;
}

/// Greatest magnitude by index of the first axis.
std::vector<float> peaks_of(const Tensor& weights) {
  std::vector<float> peaks(static_cast<size_t>(weights.shape()[0]), 0);
  const size_t inner = static_cast<size_t>(weights.size()) / peaks.size();
  for (size_t i = 0; i < static_cast<size_t>(weights.size()); ++i)
    peaks[i / inner] = std::max(peaks[i / inner], std::abs(weights.data<float>()[i]));
  return peaks;
}

/// The weights in int8, one symmetric scale an output channel, and back.
Tensor per_channel(const Tensor& weights) {
  Quantization q;
  for (const float peak : peaks_of(weights)) {
    q.scales.push_back(std::max(peak, 1e-30F) / 127);
    q.zero_points.push_back(0);
  }
  return rounded_to(weights, DType::int8, q);
}

struct WeightEvidence {
  double sqnr_db = 0;  ///< of the candidate's weights to the reference's
  float spread = 1;    ///< greatest channel to least, of channels that are not 0
  int64_t dead = 0;    ///< channels that are 0 in the candidate only
  double clipped = 0;  ///< share of the reference's weights beyond what the candidate's scales can store
  bool one_scale = false;
};

WeightEvidence look_at(const Tensor& real, const Tensor& stored, const Value& value) {
  WeightEvidence evidence;
  DistanceSum sum;
  sum.add(real.data<float>(), stored.data<float>());
  evidence.sqnr_db = sum.result().sqnr_db;
  evidence.one_scale = !value.quantization.per_axis();
  const auto ours = peaks_of(real);
  const auto theirs = peaks_of(stored);
  float least = std::numeric_limits<float>::max(), greatest = 0;
  for (size_t c = 0; c < ours.size(); ++c) {
    if (ours[c] == 0) continue;
    if (theirs[c] == 0) ++evidence.dead;
    least = std::min(least, ours[c]);
    greatest = std::max(greatest, ours[c]);
  }
  if (greatest > 0) evidence.spread = greatest / least;
  const size_t inner = static_cast<size_t>(real.size()) / ours.size();
  const auto& scales = value.quantization.scales;
  for (size_t i = 0; i < static_cast<size_t>(real.size()); ++i) {
    const float step = scales[i / inner % scales.size()];
    if (std::abs(real.data<float>()[i]) > 129 * step) evidence.clipped += 1 / static_cast<double>(real.size());
  }
  return evidence;
}

void describe(const WeightEvidence& e, size_t channels, Trial& trial) {
  trial.fix = "the reference's weights in int8 with one scale an output channel";
  if (e.dead > 0) {
    trial.name = "dead_channel";
    trial.sentence = fmt::format("{} of {} output channels have only zero weights left", e.dead, channels);
  } else if (e.clipped > 1e-3) {
    trial.name = "weight_clipping";
    trial.sentence = fmt::format("{:.3g} % of the weights are beyond what their scale can store", 100 * e.clipped);
  } else if (e.one_scale && e.spread > kWideSpread) {
    trial.name = "wide_channel_weights";
    trial.sentence = fmt::format("one scale for weights whose channels differ in range by 1:{:.3g}", e.spread);
  } else if (e.sqnr_db < 10) {
    trial.name = "different_weights";
    trial.sentence = fmt::format("the weights are not the reference's (SQNR {:.1f} dB)", e.sqnr_db);
  } else {
    trial.name = "coarse_weights";
    trial.sentence = fmt::format("the weights keep {:.1f} dB", e.sqnr_db);
  }
}

void add_weights(const Sides& sides, const Layer& layer, const Op& op, const Tensor& real, std::vector<Trial>& trials) {
  const Value& value = sides.candidate->value(op.inputs[1]);
  const Tensor& stored = *sides.twin->value(op.inputs[1]).constant;
  if (value.quantization.empty() || stored.shape() != real.shape() || real.rank() < 2) return;
  if (value.quantization.per_axis() && value.quantization.axis != 0) return;
  Trial trial;
  trial.priority = 3;
  describe(look_at(real, stored, value), static_cast<size_t>(real.shape()[0]), trial);
  trial.stored = [&sides, layer, better = per_channel(real)](const Isolated& isolated) {
    std::vector<const Tensor*> inputs = isolated.inputs;
    inputs[1] = &better;
    return stored_with(sides, layer, std::move(inputs));
  };
  trials.push_back(std::move(trial));
}

/// Codes at the ends of int32.
int64_t saturated(const Tensor& bias) {
  if (bias.dtype() != DType::int32) return 0;
  constexpr int64_t kEnd = std::numeric_limits<int32_t>::max();
  return std::ranges::count_if(bias.data<int32_t>(), [](int32_t code) { return std::abs(int64_t{code}) >= kEnd; });
}

void add_bias(const Sides& sides, const Layer& layer, const Op& op, const Tensor& real, std::vector<Trial>& trials) {
  const Tensor* stored = float_constant(*sides.twin, op, 2);
  if (stored == nullptr || stored->size() != real.size()) return;
  DistanceSum sum;
  sum.add(real.data<float>(), stored->data<float>());
  const Distance distance = sum.result();
  if (distance.sqnr_db > 30) return;
  Trial trial;
  const int64_t ends = saturated(*sides.candidate->value(op.inputs[2]).constant);
  trial.name = ends > 0 ? "bias_overflow" : "bias_mismatch";
  trial.priority = ends > 0 ? 1 : 4;
  trial.sentence = ends > 0 ? fmt::format("{} of {} biases stand at the end of int32", ends, real.size())
                            : fmt::format("the bias differs from the reference's by up to {:.4g}", distance.max_abs);
  trial.fix = ends > 0 ? "the reference's bias (a wider weight scale lets it fit)" : "the reference's bias";
  trial.stored = [&sides, layer, better = real](const Isolated& isolated) {
    std::vector<const Tensor*> inputs = isolated.inputs;
    inputs[2] = &better;
    return stored_with(sides, layer, std::move(inputs));
  };
  trials.push_back(std::move(trial));
}

}  // namespace

void add_weight_trials(const Sides& sides, const Layer& layer, std::vector<Trial>& trials) {
  if (layer.op == Layer::kInput) return;
  const Op& op = sides.candidate->ops[static_cast<size_t>(layer.op)];
  const bool product = op.kind == OpKind::Conv || op.kind == OpKind::ConvTranspose || op.kind == OpKind::FullyConnected;
  const Op* other = product ? reference_op(sides, layer) : nullptr;
  if (other == nullptr || other->kind != op.kind || float_constant(*sides.twin, op, 1) == nullptr) return;
  const Factors &before = sides.factor(op.inputs[0]), &behind = sides.factor(layer.value);
  if (const Tensor* weights = float_constant(*sides.plain, *other, 1)) {
    const auto scaled = scaled_weights(op, *weights, before, behind);
    if (scaled.ok()) add_weights(sides, layer, op, *scaled, trials);
  }
  if (const Tensor* bias = float_constant(*sides.plain, *other, 2)) {
    const auto beyond = sides.absorbed.biases.find(sides.match(layer.value)->reference);
    const bool absorbs = beyond != sides.absorbed.biases.end();
    const auto whole = raised(*bias, absorbs ? std::span<const float>(beyond->second) : std::span<const float>());
    const auto scaled = whole.ok() ? times(*whole, behind) : whole;
    if (scaled.ok()) add_bias(sides, layer, op, *scaled, trials);
  }
}

}  // namespace quern
