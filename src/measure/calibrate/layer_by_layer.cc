#include "measure/calibrate/layer_by_layer.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "graph/infer.h"
#include "graph/verify.h"
#include "measure/calibrate/adapt.h"
#include "measure/calibrate/close_samples.h"
#include "measure/calibrate/taps.h"
#include "quantize/place.h"
#include "quantize/table.h"

namespace quern {

float steady_part(std::span<const float> errors) {
  const auto n = static_cast<double>(errors.size());
  double mean = 0;
  for (float e : errors) mean += e / n;
  if (errors.size() < 2 || mean == 0) return static_cast<float>(mean);
  double variance = 0;
  for (float e : errors) variance += (e - mean) * (e - mean) / (n - 1);
  return static_cast<float>(mean * std::max(0.0, 1 - variance / n / (mean * mean)));
}

namespace {

class Pass {
 public:
  Pass(const Scaled& scaled, DType type, const Recipe& recipe, const LayerSamples& samples, const Roles& roles,
       ThreadPool& pool)
      : scaled_(scaled),
        float_(scaled.assignment.graph),
        recipe_(recipe),
        samples_(samples),
        roles_(roles),
        pool_(pool),
        dead_after_(last_uses(scaled.assignment.graph)) {
    result_.graph = float_;
    result_.errors.resize(roles.judges.size());
    for (size_t id = 0; id < scaled.assignment.stored.size(); ++id) {
      if (!scaled.assignment.stored[id]) continue;
      result_.graph.values[id].dtype = scaled.assignment.wide[id] ? DType::int16 : type;
      result_.graph.values[id].quantization = scaled.scales[id];
    }
  }

  Result<LayerResult> run() {
    for (size_t i = 0; i < float_.inputs.size(); ++i) {
      for (size_t sample : roles_.fitted) live_[float_.inputs[i]].push_back(samples_.inputs[sample][i]);
    }
    for (size_t i = 0; i < float_.ops.size();) {
      const size_t end = segment_end(scaled_.assignment, i);
      if (scaled_.assignment.integer[i]) QUERN_CHECK(make_constants(i));
      QUERN_CHECK(run_segment(i, end));
      i = end;
    }
    QUERN_CHECK(judge());
    compact(result_.graph);
    QUERN_CHECK(infer(result_.graph));
    QUERN_CHECK(verify(result_.graph));
    return std::move(result_);
  }

 private:
  const Graph& graph() const { return result_.graph; }

  /// One sample after the other, so that what the segment makes on its way is not held of all of them.
  Status run_segment(size_t begin, size_t end) {
    std::vector<OperatorRunner> runners;
    for (size_t i = begin; i < end; ++i) {
      QUERN_TRY(OperatorRunner runner, OperatorRunner::create(graph(), graph().ops[i]));
      runners.push_back(std::move(runner));
    }
    for (size_t s = 0; s < roles_.fitted.size(); ++s) {
      for (size_t i = begin; i < end; ++i) QUERN_CHECK(run_operator(runners[i - begin], i, s));
    }
    for (size_t i = begin; i < end; ++i) {
      for (ValueId id : dead_after_[i]) live_.erase(id);
    }
    return {};
  }

  Status run_operator(const OperatorRunner& runner, size_t index, size_t sample) {
    const Op& op = graph().ops[index];
    std::vector<const Tensor*> inputs;
    for (ValueId id : op.inputs)
      inputs.push_back(id == kNoValue || graph().is_constant(id) ? nullptr : &live_.at(id)[sample]);
    QUERN_TRY(std::vector<Tensor> results, runner.run(inputs, pool_));
    for (size_t i = 0; i < op.outputs.size(); ++i) {
      if (op.outputs[i] != kNoValue) live_[op.outputs[i]].push_back(std::move(results[i]));
    }
    for (ValueId id : dead_after_[index]) {
      if (const auto dead = live_.find(id); dead != live_.end()) dead->second[sample] = Tensor();
    }
    return {};
  }

  // ---- matrix operators ----

  float input_scale(const Op& op) const { return graph().value(op.inputs[0]).quantization.scales[0]; }

  std::vector<float> factors(ValueId id) const {
    return scaled_.factors.empty() ? std::vector<float>{} : scaled_.factors[static_cast<size_t>(id)];
  }
  std::vector<float> offsets(ValueId id) const {
    return scaled_.offsets.empty() ? std::vector<float>{} : scaled_.offsets[static_cast<size_t>(id)];
  }

  Status make_constants(size_t index) {
    if (scaled_.assignment.pins.product(index) != nullptr) return take_pinned(index);
    const Op& op = float_.ops[index];
    const Tensor& weights = *float_.value(op.inputs[1]).constant;
    std::vector<float> bias = bias_of(float_, op);
    const OperatorChoice choice = scaled_.assignment.choices.of(index);
    const WeightOptions how{choice.weights_per_channel.value_or(recipe_.weights.per_channel),
                            choice.round.value_or(recipe_.weights.search),
                            recipe_.weights.adapt && choice.round.value_or(true)};
    std::vector<float> scales = weight_scales(weights, how, importance(index));
    make_room_for_bias(scales, bias, input_scale(op), graph().value(op.inputs[0]).dtype);
    const bool corrects = choice.correct_bias.value_or(recipe_.correct_bias) && Taps::knows(op);
    QUERN_TRY(Tensor stored, how.adapt ? adapted(index, scales, corrects) : quantize_weights(weights, scales));
    if (corrects) QUERN_CHECK(correct(index, stored, bias));
    QUERN_TRY(Tensor stored_bias, quantize_bias(bias, input_scale(op), scales));
    place_product(result_.graph, float_, index, std::move(stored), std::move(stored_bias));
    return {};
  }

  /// By the moments that the fitted samples show; to the nearest where there are none.
  Result<Tensor> adapted(size_t index, const std::vector<float>& scales, bool corrects) const {
    const Op& op = float_.ops[index];
    const size_t folds = samples_.moments.size();
    std::vector<bool> taken(folds, false);
    for (size_t sample : roles_.fitted) {
      if (folds > 0) taken[sample % folds] = true;
    }
    TapMoments moments;
    for (size_t fold = 0; fold < folds; ++fold) {
      if (taken[fold]) moments.add(samples_.moments[fold][index]);
    }
    const Tensor& weights = *float_.value(op.inputs[1]).constant;
    if (moments.count == 0) return quantize_weights(weights, scales);
    const std::vector<float> divided_by = factors(op.inputs[0]);
    const std::vector<float> taken_off = offsets(op.inputs[0]);
    const double step = input_scale(op);
    return adapt_weights(weights, scales, {moments, divided_by, taken_off, step * step / 12, corrects});
  }

  Status take_pinned(size_t index) {
    QUERN_TRY(ProductTensors made, pinned_product(scaled_.assignment, index, input_scale(float_.ops[index])));
    place_product(result_.graph, float_, index, std::move(made.weights), std::move(made.bias));
    return {};
  }

  /// The mean square of what each weight multiplies: a rounding error matters as much as that.
  std::vector<float> importance(size_t index) const {
    const Op& op = float_.ops[index];
    const ReferenceLayer& layer = samples_.reference.layers[index];
    if (layer.squares.empty() || (op.kind == OpKind::Conv && std::get<ConvAttrs>(op.attrs).groups > 1)) return {};
    std::vector<float> squares(layer.squares[0].size(), 0);
    std::vector<float> means(squares.size(), 0);
    for (size_t sample : roles_.fitted) {
      for (size_t c = 0; c < squares.size(); ++c) {
        squares[c] += layer.squares[sample][c];
        means[c] += layer.means[sample][c];
      }
    }
    const std::vector<float> divided_by = factors(op.inputs[0]);
    for (size_t c = 0; c < divided_by.size(); ++c) {
      squares[c] /= divided_by[c] * divided_by[c];
      means[c] /= divided_by[c];
    }
    const std::vector<float> taken_off = offsets(op.inputs[0]);
    const auto count = static_cast<float>(roles_.fitted.size());
    for (size_t c = 0; c < taken_off.size(); ++c)  // E[(x - c)^2], samples summed
      squares[c] = std::max(0.0F, squares[c] - 2 * taken_off[c] * means[c] + count * taken_off[c] * taken_off[c]);
    const Shape& shape = float_.value(op.inputs[1]).shape;
    std::vector<float> all;
    for (int64_t taps = float_.value(op.inputs[1]).constant->size() / shape[0] / shape.back(); taps > 0; --taps)
      all.insert(all.end(), squares.begin(), squares.end());
    return all;
  }

  /// Moves the bias by the steady part of the mean error of the sums: what rounding the weights does, and what the
  /// inputs bring along.
  Status correct(size_t index, const Tensor& stored, std::vector<float>& bias) const {
    const Op& op = float_.ops[index];
    QUERN_TRY(const Tensor rounded, dequantize_weights(stored));
    const Taps taps(float_, op);
    const int64_t groups = op.kind == OpKind::Conv ? std::get<ConvAttrs>(op.attrs).groups : 1;
    const std::vector<float> divided_by = factors(op.outputs[0]);
    const std::vector<double> absorbed = on_offsets(op, taps, groups);
    std::vector<std::vector<float>> errors(bias.size());
    for (size_t s = 0; s < roles_.fitted.size(); ++s) {
      const std::vector<float>& wish = samples_.reference.layers[index].sums[roles_.fitted[s]];
      const std::vector<double> got = on_means(rounded, taps.means(live_.at(op.inputs[0])[s]), groups);
      for (size_t c = 0; c < bias.size(); ++c)
        errors[c].push_back(wish[c] / (divided_by.empty() ? 1 : divided_by[c]) -
                            static_cast<float>(got[c] + (absorbed.empty() ? 0 : absorbed[c])));
    }
    for (size_t c = 0; c < bias.size(); ++c) bias[c] += steady_part(errors[c]);
    return {};
  }

  /// What the float weights made of the offsets that were taken off the input: the bias has it now.
  std::vector<double> on_offsets(const Op& op, const Taps& taps, int64_t groups) const {
    const std::vector<float> taken_off = offsets(op.inputs[0]);
    if (taken_off.empty()) return {};
    TapMeans constant;
    for (size_t i = 0; i < taps.size(); ++i) constant.mean.push_back(taken_off[i % taken_off.size()]);
    return on_means(*float_.value(op.inputs[1]).constant, constant, groups);
  }

  // ---- judging ----

  /// Judges need not keep step with each other: one after the other runs through the finished graph, so that they take
  /// the memory of one.
  Status judge() {
    if (roles_.judges.empty()) return {};
    const std::shared_ptr<ThreadPool> borrowed(std::shared_ptr<void>(), &pool_);
    QUERN_TRY(const GraphRunner runner, GraphRunner::create(std::make_shared<const Graph>(graph()), borrowed));
    const Uses uses(graph());
    for (size_t j = 0; j < roles_.judges.size(); ++j) {
      const size_t sample = roles_.judges[j];
      std::map<size_t, ErrorSum> outputs;  // by their place among the model's
      QUERN_CHECK(runner.show(samples_.inputs[sample], [&](ValueId id, const Tensor& value) {
        const int maker = uses.producer[static_cast<size_t>(id)];
        if (maker >= 0 && scaled_.assignment.integer[static_cast<size_t>(maker)])
          result_.errors[j].layers.push_back(layer_error(static_cast<size_t>(maker), sample, value));
        for (size_t i = 0; i < float_.outputs.size(); ++i) {
          if (float_.outputs[i] == id && value.dtype() == DType::float32)
            outputs[i].add(samples_.reference.outputs[sample][i].data<float>(), value.data<float>());
        }
      }));
      for (const auto& [place, error] : outputs) result_.errors[j].outputs.push_back(error);
    }
    return {};
  }

  ErrorSum layer_error(size_t index, size_t sample, const Tensor& got) const {
    const ReferenceLayer& layer = samples_.reference.layers[index];
    std::vector<float> numbers = look(got, samples_.reference.looked_share);
    const std::vector<float> taken_off = offsets(float_.ops[index].outputs[0]);
    for (size_t i = 0; i < numbers.size() && !taken_off.empty(); ++i) numbers[i] += taken_off[i % taken_off.size()];
    ErrorSum error;
    error.add(layer.looked[sample], numbers, factors(float_.ops[index].outputs[0]));
    return error;
  }

  const Scaled& scaled_;
  const Graph& float_;
  const Recipe& recipe_;
  const LayerSamples& samples_;
  const Roles& roles_;
  ThreadPool& pool_;
  std::vector<std::vector<ValueId>> dead_after_;
  std::map<ValueId, std::vector<Tensor>> live_;  ///< by fitted sample
  LayerResult result_;
};

}  // namespace

Result<LayerResult> quantize_layers(const Scaled& scaled, DType type, const Recipe& recipe, const LayerSamples& samples,
                                    const Roles& roles, ThreadPool& pool) {
  return Pass(scaled, type, recipe, samples, roles, pool).run();
}

}  // namespace quern
