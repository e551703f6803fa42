#include "measure/compare/layers.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "measure/compare/float_twin.h"

namespace quern {

namespace {

/// No operator is asked to be better than this: its errors do not matter to anybody.
constexpr double kGoodEnoughDb = 60;
/// What weights of one scale a channel cost: Gaussian ones, the greatest of a few hundred at 3.5 sigma.
constexpr double kWeightsDb = 40;

bool is_view(const Graph& graph, const Op& op) {
  switch (op.kind) {
    case OpKind::Dequantize:
    case OpKind::Transpose:
    case OpKind::Identity:
      return true;
    case OpKind::Reshape:
      return graph.value(op.inputs[0]).quantization == graph.value(op.outputs[0]).quantization;
    default:
      return false;
  }
}

/// Moves stored values, or picks among them, without a new scale.
bool is_tied(const Graph& graph, const Op& op, ValueId output) {
  if (info(op.kind).family != OpFamily::move && op.kind != OpKind::MaxPool && info(op.kind).family != OpFamily::spatial)
    return false;
  if (op.kind == OpKind::Conv || op.kind == OpKind::ConvTranspose || op.kind == OpKind::AveragePool) return false;
  const Value& to = graph.value(output);
  return std::ranges::all_of(op.inputs, [&](ValueId id) {
    return id == kNoValue || graph.is_constant(id) ||
           (graph.value(id).quantization == to.quantization && graph.value(id).dtype == to.dtype);
  });
}

bool is_real(const Value& value) {
  return value.dtype == DType::float32 || is_stored(value.dtype, value.quantization);
}

/// The range that an operator has whatever its input; conventions fix its scale to it.
double natural_range(OpKind kind) {
  switch (kind) {
    case OpKind::Sigmoid:
    case OpKind::HardSigmoid:
    case OpKind::Softmax:
      return 1;
    case OpKind::Tanh:
      return 2;
    default:
      return 0;
  }
}

bool has_stored_weights(const Graph& graph, const Op& op) {
  return op.inputs.size() > 1 && graph.is_constant(op.inputs[1]) &&
         is_stored(graph.value(op.inputs[1]).dtype, graph.value(op.inputs[1]).quantization);
}

double noise_of(double db) {
  return std::pow(10.0, -db / 10);
}

void add_channels(const Tensor& truth, std::vector<float>& peaks) {
  if (truth.rank() == 0 || truth.empty()) return;
  const auto channels = static_cast<size_t>(truth.shape().back());
  peaks.resize(channels, 0);
  const std::span<const float> all = truth.data<float>();
  for (size_t at = 0; at + channels <= all.size(); at += channels) {
    for (size_t c = 0; c < channels; ++c) peaks[c] = std::max(peaks[c], std::abs(all[at + c]));
  }
}

/// Range, zeros and what the candidate cannot store, of one sample of the reference.
void add_truth(const Tensor& truth, const Value& value, Layer& layer) {
  const bool stored = is_stored(value.dtype, value.quantization) && !value.quantization.per_axis();
  double low = -HUGE_VAL, high = HUGE_VAL;
  if (stored) {
    const StoredRange range = stored_range(value.dtype, value.quantization);
    const double half = 0.5 * value.quantization.scales[0];
    low = range.low - half, high = range.high + half;
  }
  for (const float v : truth.data<float>()) {
    if (!std::isfinite(v)) continue;
    layer.low = std::min<double>(layer.low, v);
    layer.high = std::max<double>(layer.high, v);
    layer.nonzero += v != 0 ? 1 : 0;
    layer.beyond += v < low || v > high ? 1 : 0;
  }
  add_channels(truth, layer.channel_peaks);
}

Status add_isolated(const Isolated& isolated, const Sides& sides, Layer& layer) {
  QUERN_TRY(const Tensor truth, sides.in_reference_units(*isolated.truth, layer.value));
  QUERN_TRY(const Tensor stored, sides.in_reference_units(*isolated.stored, layer.value));
  layer.isolated.add(truth.data<float>(), stored.data<float>());
  QUERN_TRY(const Tensor result, sides.in_reference_units(*isolated.result, layer.value));
  layer.computed.add(truth.data<float>(), result.data<float>());
  for (const float v : truth.data<float>()) {
    if (!std::isfinite(v)) continue;
    layer.real_low = std::min<double>(layer.real_low, v);
    layer.real_high = std::max<double>(layer.real_high, v);
  }
  add_truth(*isolated.truth, sides.candidate->value(layer.value), layer);
  for (const float v : isolated.stored->data<float>()) {
    layer.code_low = std::min<double>(layer.code_low, v);
    layer.code_high = std::max<double>(layer.code_high, v);
  }
  return {};
}

/// Layers by the operator that makes them.
std::vector<std::vector<size_t>> layers_by_op(const Sides& sides, const std::vector<Layer>& layers) {
  std::vector<std::vector<size_t>> by_op(sides.candidate->ops.size() + 1);
  for (size_t i = 0; i < layers.size(); ++i) by_op[static_cast<size_t>(layers[i].op + 1)].push_back(i);
  return by_op;
}

/// One walk: the values that operators are fed with, replaced by the truth as soon as there is one.
class Walk {
 public:
  Walk(const Sides& sides, const std::vector<Layer>& layers, const SampleRun& run, const SeeIsolated& see)
      : sides_(sides), layers_(layers), run_(run), see_(see), fed_(sides.candidate->values.size()) {}

  Status all() {
    const auto by_op = layers_by_op(sides_, layers_);
    for (ValueId id : sides_.candidate->inputs) QUERN_CHECK(input(id, by_op[0]));
    for (size_t i = 0; i < sides_.candidate->ops.size(); ++i) QUERN_CHECK(op(i, by_op[i + 1]));
    return {};
  }

 private:
  Tensor& fed(ValueId id) { return fed_[static_cast<size_t>(id)]; }

  Status input(ValueId id, const std::vector<size_t>& rows) {
    QUERN_TRY(const std::optional<Tensor> truth, truth_for(sides_, run_.reference, id));
    if (!truth) {  // integers without a scale: as they are
      fed(id) = run_.candidate[static_cast<size_t>(id)];
      return {};
    }
    fed(id) = *truth;
    for (size_t row : rows) {
      if (layers_[row].value != id) continue;
      QUERN_CHECK(show(row, *truth, *truth));
    }
    return {};
  }

  Status op(size_t index, const std::vector<size_t>& rows) {
    const Op& op = sides_.candidate->ops[index];
    QUERN_CHECK(sides_.run_twin->step(index, fed_));
    inputs_.clear();
    for (ValueId id : op.inputs) {
      const bool constant = sides_.twin->is_constant(id);
      inputs_.push_back(id == kNoValue ? nullptr : constant ? &*sides_.twin->value(id).constant : &fed(id));
    }
    for (ValueId id : op.outputs) {
      if (id == kNoValue) continue;
      QUERN_CHECK(output(id, rows));
    }
    return {};
  }

  Status output(ValueId id, const std::vector<size_t>& rows) {
    QUERN_TRY(const std::optional<Tensor> truth, truth_for(sides_, run_.reference, id));
    const Value& value = sides_.candidate->value(id);
    if (!truth) {
      if (fed(id).dtype() == DType::float32) fed(id) = rounded_to(fed(id), value.dtype, value.quantization);
      return {};
    }
    for (size_t row : rows) {
      if (layers_[row].value == id) QUERN_CHECK(show(row, fed(id), *truth));
    }
    fed(id) = *truth;
    return {};
  }

  Status show(size_t row, const Tensor& result, const Tensor& truth) {
    const Value& value = sides_.candidate->value(layers_[row].value);
    const Tensor stored = rounded_to(result, value.dtype, value.quantization);
    return see_(row, Isolated{inputs_, &result, &stored, &truth});
  }

  const Sides& sides_;
  const std::vector<Layer>& layers_;
  const SampleRun& run_;
  const SeeIsolated& see_;
  RunValues fed_;
  std::vector<const Tensor*> inputs_;
};

}  // namespace

double Layer::ideal_db(const Graph& candidate) const {
  const Value& v = candidate.value(value);
  double noise = noise_of(kGoodEnoughDb);
  const OpKind kind = op == kInput ? OpKind::Identity : candidate.ops[static_cast<size_t>(op)].kind;
  if (is_stored(v.dtype, v.quantization) && isolated.signal() > 0) {
    const double codes = size_of(v.dtype) == 1 ? 255 : 65535;
    const double step = std::max(real_high - real_low, natural_range(kind)) / codes;
    noise += nonzero * step * step / 12 / isolated.signal();
  }
  if (op != kInput && has_stored_weights(candidate, candidate.ops[static_cast<size_t>(op)]))
    noise += std::min(noise_of(kWeightsDb), computed.noise() / std::max(computed.signal(), 1e-300));
  return -10 * std::log10(noise);
}

double Layer::lost_db(const Graph& candidate) const {
  if (tied || isolated.elements() == 0) return 0;
  return std::max(0.0, ideal_db(candidate) - decibels(isolated.signal(), isolated.noise()));
}

std::vector<Layer> find_layers(const Sides& sides) {
  const Graph& graph = *sides.candidate;
  std::vector<Layer> layers;
  for (ValueId id : graph.inputs) {
    const Value& value = graph.value(id);
    if (!sides.match(id) || !is_stored(value.dtype, value.quantization)) continue;
    Layer layer;
    layer.value = id;
    layers.push_back(std::move(layer));
  }
  for (size_t i = 0; i < graph.ops.size(); ++i) {
    const Op& op = graph.ops[i];
    if (is_view(graph, op)) continue;
    for (size_t slot = 0; slot < op.outputs.size(); ++slot) {
      const ValueId id = op.outputs[slot];
      if (id == kNoValue || !sides.match(id) || !is_real(graph.value(id))) continue;
      const Value& truth = sides.reference->value(sides.match(id)->reference);
      if (!is_real(truth)) continue;
      Layer layer;
      layer.op = static_cast<int>(i);
      layer.slot = slot;
      layer.value = id;
      layer.tied = is_tied(graph, op, id);
      layers.push_back(std::move(layer));
    }
  }
  return layers;
}

Status walk_isolated(const Sides& sides, const std::vector<Layer>& layers, const SampleRun& run,
                     const SeeIsolated& see) {
  return Walk(sides, layers, run, see).all();
}

Status add_sample(const Sides& sides, const SampleRun& run, std::vector<Layer>& layers) {
  for (Layer& layer : layers) {
    QUERN_TRY(const std::optional<Tensor> truth, truth_for(sides, run.reference, layer.value));
    QUERN_TRY(const Tensor got, dequantize(run.candidate[static_cast<size_t>(layer.value)]));
    if (!truth) continue;
    QUERN_TRY(const Tensor real, sides.in_reference_units(*truth, layer.value));
    QUERN_TRY(const Tensor real_got, sides.in_reference_units(got, layer.value));
    layer.accumulated.add(real.data<float>(), real_got.data<float>());
  }
  return walk_isolated(sides, layers, run, [&](size_t row, const Isolated& isolated) {
    return add_isolated(isolated, sides, layers[row]);
  });
}

}  // namespace quern
