// The range that a value is stored with: too narrow, too wide, shared with a value that needs more, or governed by one
// channel.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "measure/compare/float_twin.h"
#include "measure/compare/trials.h"

namespace quern {

namespace {

/// Below this share of the stored range in use, a range is called too wide: one bit of eight is lost.
constexpr double kWide = 0.5;
/// A channel this many times greater than the median one governs the scale of all.
constexpr double kOutlier = 8;
constexpr double kSibling = 2;

double peak(const Layer& layer) {
  return std::max(-layer.low, layer.high);
}

const Layer* layer_of(const std::vector<Layer>& layers, ValueId id) {
  const auto found = std::ranges::find(layers, id, &Layer::value);
  return found == layers.end() ? nullptr : &*found;
}

/// Who forces the scale of a value: a Concat that takes it as it is stored, and the widest value beside it.
struct Sharing {
  const Op* concat = nullptr;
  const Layer* widest = nullptr;
};

Sharing sharing_of(const Sides& sides, const std::vector<Layer>& layers, ValueId id, int depth = 0) {
  constexpr int kDepth = 8;
  const Graph& graph = *sides.candidate;
  for (const Op& op : graph.ops) {
    if (depth > kDepth || std::ranges::find(op.inputs, id) == op.inputs.end() || op.outputs.empty()) continue;
    if (graph.value(op.outputs[0]).quantization != graph.value(id).quantization) continue;
    if (op.kind != OpKind::Concat) {
      if (info(op.kind).family != OpFamily::move && op.kind != OpKind::MaxPool) continue;
      if (const Sharing further = sharing_of(sides, layers, op.outputs[0], depth + 1); further.concat != nullptr)
        return further;
      continue;
    }
    Sharing sharing{&op, nullptr};
    for (ValueId other : op.inputs) {
      const Layer* beside = layer_of(layers, other);
      if (other != id && beside != nullptr && (sharing.widest == nullptr || peak(*beside) > peak(*sharing.widest)))
        sharing.widest = beside;
    }
    return sharing;
  }
  return {};
}

std::string range_text(double low, double high) {
  return fmt::format("{:.4g} to {:.4g}", low, high);
}

Trial range_trial(const Sides& sides, const std::vector<Layer>& layers, const Layer& layer) {
  const Value& value = sides.candidate->value(layer.value);
  const StoredRange stored = stored_range(value.dtype, value.quantization);
  const double beyond = layer.beyond / static_cast<double>(std::max<int64_t>(1, layer.isolated.elements()));
  const double used = (layer.high - layer.low) / (stored.high - stored.low);
  const std::string needs = range_text(layer.low, layer.high);
  const std::string has = range_text(stored.low, stored.high);
  Trial trial;
  trial.priority = 2;
  const Quantization own = quantization_for(value.dtype, layer.low, layer.high);
  trial.stored = [own, type = value.dtype](const Isolated& isolated) -> Result<Tensor> {
    return rounded_to(*isolated.result, type, own);
  };
  if (beyond > 0 && (used > kWide || beyond > 1e-3)) {
    trial.name = "clipping";
    trial.sentence = fmt::format("{:.3g} % of the values are clipped: they reach {}, the range stored is {}",
                                 100 * beyond, needs, has);
    trial.fix = fmt::format("the range {}, scale {:.6g}", needs, own.scales[0]);
    return trial;
  }
  const Sharing sharing = sharing_of(sides, layers, layer.value);
  if (sharing.widest != nullptr && peak(*sharing.widest) > kSibling * peak(layer)) {
    trial.name = "shared_scale";
    trial.sentence = fmt::format("the scale is that of Concat '{}', where '{}' reaches {:.4g} and this value {:.4g}",
                                 short_name(sharing.concat->name),
                                 short_name(file_name(sides.candidate->value(sharing.widest->value))),
                                 peak(*sharing.widest), peak(layer));
    trial.fix = fmt::format("a scale of its own, {:.6g}", own.scales[0]);
    return trial;
  }
  trial.name = "wide_range";
  trial.sentence = fmt::format("the range stored is {}, the values need {}: {:.3g} % of the codes are used", has, needs,
                               100 * std::min(used, 1.0));
  trial.fix = fmt::format("the range {}, scale {:.6g}", needs, own.scales[0]);
  return trial;
}

/// A scale of its own for every index of the last axis.
Quantization by_channel(const Value& value, const Layer& layer) {
  Quantization all;
  all.axis = static_cast<int>(value.shape.size()) - 1;
  for (const float channel : layer.channel_peaks) {
    const Quantization one = quantization_for(value.dtype, layer.low < 0 ? -channel : 0, channel);
    all.scales.push_back(one.scales[0]);
    all.zero_points.push_back(one.zero_points[0]);
  }
  return all;
}

void add_outlier_trial(const Value& value, const Layer& layer, std::vector<Trial>& trials) {
  std::vector<float> peaks = layer.channel_peaks;
  if (peaks.size() < 4) return;
  std::ranges::sort(peaks);
  const float median = peaks[peaks.size() / 2];
  if (median <= 0 || peaks.back() < kOutlier * median) return;
  const auto channel = std::ranges::max_element(layer.channel_peaks) - layer.channel_peaks.begin();
  Trial trial;
  trial.name = "outlier_channel";
  trial.priority = 5;
  trial.sentence = fmt::format("channel {} reaches {:.4g}, the median channel {:.4g}, and all share one scale", channel,
                               peaks.back(), median);
  trial.fix = "a scale of its own for every channel (by equalizing the weights before and behind)";
  trial.stored = [q = by_channel(value, layer), type = value.dtype](const Isolated& isolated) -> Result<Tensor> {
    return rounded_to(*isolated.result, type, q);
  };
  trials.push_back(std::move(trial));
}

}  // namespace

void add_range_trials(const Sides& sides, const std::vector<Layer>& layers, size_t index, std::vector<Trial>& trials) {
  const Layer& layer = layers[index];
  const Value& value = sides.candidate->value(layer.value);
  if (!is_stored(value.dtype, value.quantization) || value.quantization.per_axis()) return;
  trials.push_back(range_trial(sides, layers, layer));
  add_outlier_trial(value, layer, trials);
}

}  // namespace quern
