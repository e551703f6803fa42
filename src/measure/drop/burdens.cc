#include "measure/drop/burdens.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"
#include "measure/calibrate/taps.h"

namespace quern {

namespace {

/// More would change the order of operators little.
constexpr size_t kJudges = 4;
constexpr size_t kBiasSamples = 6;

Tensor rounded(const Tensor& real, const Quantization& grid, DType type) {
  Tensor stored = real.clone();
  const Range reach = represented(grid, type);
  const float scale = grid.scales[0];
  for (float& v : stored.mutable_data<float>())
    v = std::nearbyint(std::clamp(v, reach.low, reach.high) / scale) * scale;
  return stored;
}

class Meter {
 public:
  Meter(const SearchGround& ground, const Recipe& recipe, std::vector<DropStep>& steps)
      : ground_(ground), recipe_(recipe), steps_(steps), dealt_(deal(ground, ground.can_keep_back() ? 0 : kAll)) {}

  Status run() {
    QUERN_CHECK(make_model());
    if (recipe_.correct_bias) QUERN_CHECK(find_bias_errors());
    signal_.assign(graph().outputs.size(), 0);
    noise_.assign(steps_.size(), signal_);
    for (size_t s = 0; s < std::min(kJudges, dealt_.roles.judges.size()); ++s) QUERN_CHECK(judge_by(s));
    for (size_t k = 0; k < steps_.size(); ++k) {
      for (size_t i = 0; i < signal_.size(); ++i) {
        if (signal_[i] > 0) steps_[k].burden += noise_[k][i] / signal_[i];
      }
    }
    return {};
  }

 private:
  static constexpr size_t kAll = SearchGround::kFolds;
  const Graph& graph() const { return scaled_.assignment.graph; }
  const std::vector<Tensor>& inputs_of(size_t sample) const { return ground_.samples.inputs[sample]; }

  /// The model that the samples not kept back make: its scales, and its weights as real numbers.
  Status make_model() {
    QUERN_TRY(scaled_, apply_scales(ground_.assignment, dealt_.seen, recipe_));
    const Roles only_fitted{dealt_.roles.fitted, {}};
    QUERN_TRY(const LayerResult made, quantize_layers(scaled_, ground_.options.activations, recipe_, ground_.samples,
                                                      only_fitted, ground_.pool));
    for (const DropStep& step : steps_) {
      if (step.weights < 0) continue;
      const Op& op = made.graph.ops[static_cast<size_t>(step.weights)];
      QUERN_TRY(weights_[step.weights], dequantize_weights(*made.graph.value(op.inputs[1]).constant));
    }
    QUERN_TRY(GraphRunner runner,
              GraphRunner::create(std::make_shared<const Graph>(graph()), make_pool(ground_.options.threads)));
    runner_ = std::make_unique<GraphRunner>(std::move(runner));
    return {};
  }

  /// The mean error that rounded weights make of what they meet, by output channel: what bias correction takes out.
  Status find_bias_errors() {
    const size_t count = std::min(kBiasSamples, dealt_.roles.fitted.size());
    for (size_t s = 0; s < count; ++s) {
      QUERN_TRY(const RunValues values, runner_->run(inputs_of(dealt_.roles.fitted[s])));
      for (const auto& [index, weights] : weights_) {
        const Op& op = graph().ops[static_cast<size_t>(index)];
        if (!Taps::knows(op)) continue;
        const Tensor& real = *graph().value(op.inputs[1]).constant;
        Tensor error = weights.clone();
        const auto from = real.data<float>();
        auto to = error.mutable_data<float>();
        for (size_t i = 0; i < to.size(); ++i) to[i] -= from[i];
        const TapMeans means = Taps(graph(), op).means(values[static_cast<size_t>(op.inputs[0])]);
        const int64_t groups = op.kind == OpKind::Conv ? std::get<ConvAttrs>(op.attrs).groups : 1;
        const std::vector<double> sums = on_means(error, means, groups);
        std::vector<double>& total = bias_errors_[index];
        total.resize(sums.size(), 0);
        for (size_t c = 0; c < sums.size(); ++c) total[c] += sums[c] / static_cast<double>(count);
      }
    }
    return {};
  }

  Status judge_by(size_t judge) {
    QUERN_TRY(const RunValues truth, runner_->run(inputs_of(dealt_.roles.judges[judge])));
    for (size_t i = 0; i < signal_.size(); ++i) {
      const Tensor& output = truth[static_cast<size_t>(graph().outputs[i])];
      if (output.dtype() != DType::float32) continue;
      for (float v : output.data<float>()) signal_[i] += double{v} * v;
    }
    for (size_t k = 0; k < steps_.size(); ++k) QUERN_CHECK(judge_step(k, truth));
    return {};
  }

  Status judge_step(size_t k, const RunValues& truth) {
    const DropStep& step = steps_[k];
    RunValues values = truth;
    std::vector<bool> dirty(values.size(), false);
    for (size_t i = 0; i < graph().ops.size(); ++i) {
      const Op& op = graph().ops[i];
      const bool weighed = static_cast<int>(i) == step.weights;
      const bool reads =
          std::ranges::any_of(op.inputs, [&](ValueId id) { return id != kNoValue && dirty[static_cast<size_t>(id)]; });
      if (weighed) QUERN_CHECK(run_with_weights(i, values));
      if (!weighed && reads) QUERN_CHECK(runner_->step(i, values));
      for (ValueId id : op.outputs) {
        if (id == kNoValue) continue;
        const bool rounds = std::ranges::find(step.rounded, id) != step.rounded.end();
        Tensor& value = values[static_cast<size_t>(id)];
        if (rounds) value = rounded(value, scaled_.scales[static_cast<size_t>(id)], ground_.options.activations);
        if (weighed || reads || rounds) dirty[static_cast<size_t>(id)] = true;
      }
    }
    for (size_t i = 0; i < graph().outputs.size(); ++i) {
      const auto id = static_cast<size_t>(graph().outputs[i]);
      if (!dirty[id] || values[id].dtype() != DType::float32) continue;
      const auto wish = truth[id].data<float>();
      const auto got = values[id].data<float>();
      for (size_t n = 0; n < wish.size(); ++n) noise_[k][i] += (double{wish[n]} - got[n]) * (double{wish[n]} - got[n]);
    }
    return {};
  }

  static void take_off(Tensor& tensor, const std::vector<double>& errors) {
    auto numbers = tensor.mutable_data<float>();
    for (size_t i = 0; i < numbers.size(); ++i) numbers[i] -= static_cast<float>(errors[i % errors.size()]);
  }

  /// The steady error is taken off the bias, or off the result where there is none.
  Status run_with_weights(size_t index, RunValues& values) {
    const Op& op = graph().ops[index];
    std::vector<const Tensor*> inputs(op.inputs.size(), nullptr);
    for (size_t k = 0; k < inputs.size(); ++k) {
      const ValueId id = op.inputs[k];
      if (id == kNoValue) continue;
      inputs[k] = graph().is_constant(id) ? &*graph().value(id).constant : &values[static_cast<size_t>(id)];
    }
    inputs[1] = &weights_.at(static_cast<int>(index));
    const auto errors = bias_errors_.find(static_cast<int>(index));
    const bool has_bias = inputs.size() > 2 && inputs[2] != nullptr;
    Tensor bias = has_bias ? inputs[2]->clone() : Tensor();
    if (has_bias && errors != bias_errors_.end()) take_off(bias, errors->second), inputs[2] = &bias;
    QUERN_TRY(std::vector<Tensor> results, run_operator(graph(), op, inputs, ground_.pool));
    if (!has_bias && errors != bias_errors_.end()) take_off(results[0], errors->second);
    values[static_cast<size_t>(op.outputs[0])] = std::move(results[0]);
    return {};
  }

  const SearchGround& ground_;
  const Recipe& recipe_;
  std::vector<DropStep>& steps_;
  Deal dealt_;
  Scaled scaled_;
  std::map<int, Tensor> weights_;                   ///< by operator
  std::map<int, std::vector<double>> bias_errors_;  ///< by operator and output channel
  std::unique_ptr<GraphRunner> runner_;
  std::vector<double> signal_;              ///< by output
  std::vector<std::vector<double>> noise_;  ///< by step and output
};

}  // namespace

Status measure_burdens(const SearchGround& ground, const Recipe& recipe, std::vector<DropStep>& steps) {
  return Meter(ground, recipe, steps).run();
}

}  // namespace quern
