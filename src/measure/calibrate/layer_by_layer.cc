#include "measure/calibrate/layer_by_layer.h"

#include "base/error.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "graph/infer.h"
#include "graph/verify.h"
#include "measure/calibrate/taps.h"
#include "quern/task.h"

namespace quern {

double OutputError::sqnr_db() const {
  if (noise == 0) return std::numeric_limits<double>::infinity();
  return 10 * std::log10(signal / noise);
}

double OutputError::cosine() const {
  return signal == 0 || energy == 0 ? (signal == energy ? 1 : 0) : dot / std::sqrt(signal * energy);
}

double OutputError::relative_l2() const {
  return signal == 0 ? (noise == 0 ? 0 : std::numeric_limits<double>::infinity()) : std::sqrt(noise / signal);
}

double LayerResult::sqnr_db() const {
  // An output that came through without any error would hide what happened to the others.
  constexpr double kPerfect = 120;
  double sum = 0;
  for (const OutputError& output : outputs) sum += std::min(output.sqnr_db(), kPerfect);
  return outputs.empty() ? 0 : sum / static_cast<double>(outputs.size());
}

double LayerResult::score_db() const {
  constexpr double kHalf = 1000;  // so many numbers make outputs count as much as layers
  double count = 0;
  for (const OutputError& output : outputs) count += output.count;
  const double share = count / (count + kHalf);
  return share * sqnr_db() + (1 - share) * layers_db;
}

namespace {

/// One value of all samples, on both sides.
struct Pair {
  std::vector<Tensor> real;
  std::vector<Tensor> stored;
};

Result<Tensor> real_of(const Tensor& tensor) {
  if (tensor.quantization.empty()) return tensor;
  return dequantize(tensor);
}

double squared_distance(const Tensor& a, const Tensor& b) {
  const auto x = a.data<float>();
  const auto y = b.data<float>();
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) sum += double{x[i] - y[i]} * double{x[i] - y[i]};
  return sum;
}

/// An integer matrix operator in the making.
struct Product {
  size_t index;  ///< of the operator
  std::vector<float> scales;
  Tensor weights;
  std::vector<float> bias;
};

class Pass {
 public:
  Pass(const Assignment& assignment, const std::vector<Quantization>& scales, DType type, const LayerSamples& samples,
       const LayerOptions& options)
      : float_(assignment.graph),
        assignment_(assignment),
        samples_(samples),
        options_(options),
        dead_after_(last_uses(assignment.graph)) {
    result_.graph = assignment.graph;
    for (size_t id = 0; id < scales.size(); ++id) {
      if (!assignment.stored[id]) continue;
      result_.graph.values[id].dtype = type;
      result_.graph.values[id].quantization = scales[id];
    }
    result_.kept_correction.assign(float_.ops.size(), false);
  }

  Result<LayerResult> run() {
    for (size_t i = 0; i < float_.inputs.size(); ++i) {
      Pair& pair = live_[float_.inputs[i]];
      for (const auto& sample : samples_.inputs) pair.real.push_back(sample[i]);
      pair.stored = pair.real;
    }
    for (size_t i = 0; i < float_.ops.size(); ++i) QUERN_CHECK(step(i));
    result_.layers_db = layers_ > 0 ? layers_db_ / layers_ : 0;
    QUERN_CHECK(judge_outputs());
    compact(result_.graph);
    QUERN_CHECK(infer(result_.graph));
    QUERN_CHECK(verify(result_.graph));
    return std::move(result_);
  }

 private:
  Graph& stored_graph() { return result_.graph; }
  size_t first_judge() const { return samples_.fitted < samples_.inputs.size() ? samples_.fitted : 0; }

  Status step(size_t index) {
    QUERN_CHECK(run_real(index));
    if (assignment_.integer[index]) {
      QUERN_CHECK(make_product(index));
      QUERN_CHECK(judge_layer(float_.ops[index].outputs[0]));
    } else {
      QUERN_CHECK(run_stored(index));
    }
    for (ValueId id : dead_after_[index]) live_.erase(id);
    return {};
  }

  Status run_real(size_t index) {
    const Op& op = float_.ops[index];
    if (is_open_edge(float_, op)) {
      live_[op.outputs[0]].real = live_.at(op.inputs[0]).real;
      return {};
    }
    return run_side(float_, op, &Pair::real);
  }

  Status run_stored(size_t index) { return run_side(stored_graph(), stored_graph().ops[index], &Pair::stored); }

  Status run_side(const Graph& graph, const Op& op, std::vector<Tensor> Pair::*side) {
    QUERN_TRY(OneOperator one, OneOperator::create(graph, op, options_.session));
    const auto ids = changing_inputs(graph, op);
    const auto outputs = present_outputs(op);
    for (ValueId id : outputs) (live_[id].*side).clear();
    for (size_t s = 0; s < samples_.inputs.size(); ++s) {
      std::vector<Tensor> inputs;
      for (ValueId id : ids) inputs.push_back((live_.at(id).*side)[s]);
      QUERN_TRY(std::vector<Tensor> results, one.run(inputs));
      for (size_t i = 0; i < outputs.size(); ++i) (live_[outputs[i]].*side).push_back(std::move(results[i]));
    }
    return {};
  }

  // ---- matrix operators ----

  Status make_product(size_t index) {
    const Op& op = float_.ops[index];
    Product product{index, {}, *float_.value(op.inputs[1]).constant, bias_of(op)};
    std::optional<TapMeans> real;
    std::optional<TapMeans> stored;
    if (TapSums::knows(op)) {
      QUERN_TRY(real, taps_of(op, &Pair::real));
      QUERN_TRY(stored, taps_of(op, &Pair::stored));
    }
    product.scales = weight_scales(product.weights, options_.weights, importance(op, stored));
    make_room_for_bias(product.scales, product.bias, input_scale(op));
    QUERN_TRY(const Tensor weights, quantize_weights(product.weights, product.scales));
    const std::vector<float> plain = product.bias;
    if (options_.correct_bias && real) QUERN_CHECK(correct(product, weights, *real, *stored));
    return settle(product, weights, plain);
  }

  float input_scale(const Op& op) { return stored_graph().value(op.inputs[0]).quantization.scales[0]; }

  std::vector<float> bias_of(const Op& op) const {
    const auto channels = static_cast<size_t>(float_.value(op.inputs[1]).shape[0]);
    if (op.inputs.size() < 3 || op.inputs[2] == kNoValue) return std::vector<float>(channels, 0);
    const auto values = float_.value(op.inputs[2]).constant->data<float>();
    if (values.size() == 1) return std::vector<float>(channels, values[0]);
    return {values.begin(), values.end()};
  }

  Result<TapMeans> taps_of(const Op& op, std::vector<Tensor> Pair::*side) {
    TapSums sums(float_, op);
    for (size_t s = 0; s < samples_.fitted; ++s) {
      QUERN_TRY(const Tensor input, real_of((live_.at(op.inputs[0]).*side)[s]));
      sums.add(input);
    }
    return sums.means();
  }

  /// The mean square of what each weight multiplies: a rounding error matters as much as that.
  static std::vector<float> importance(const Op& op, const std::optional<TapMeans>& taps) {
    if (!taps || (op.kind == OpKind::Conv && std::get<ConvAttrs>(op.attrs).groups > 1)) return {};
    const size_t windows = taps->mean.size() / taps->square.size();
    std::vector<float> all;
    for (size_t k = 0; k < windows; ++k) {
      for (double square : taps->square) all.push_back(static_cast<float>(square));
    }
    return all;
  }

  /// Moves the bias by the mean error of the sums: what rounding the weights does, and what the inputs bring along.
  static Status correct(Product& product, const Tensor& weights, const TapMeans& real, const TapMeans& stored) {
    QUERN_TRY(const Tensor rounded, dequantize_weights(weights));
    const int64_t groups = static_cast<int64_t>(real.square.size()) / product.weights.shape().back();
    const std::vector<double> wish = on_means(product.weights, real, groups);
    const std::vector<double> got = on_means(rounded, stored, groups);
    for (size_t c = 0; c < product.bias.size(); ++c) product.bias[c] += static_cast<float>(wish[c] - got[c]);
    return {};
  }

  /// Runs the operator with the corrected bias and, when that has to be judged, with the plain one; keeps the better.
  Status settle(const Product& product, const Tensor& weights, const std::vector<float>& plain) {
    const size_t index = product.index;
    const bool corrected = product.bias != plain;
    bool keep = corrected && (options_.keep_correction.empty() || options_.keep_correction[index]);
    QUERN_CHECK(place(index, weights, keep ? product.bias : plain, product.scales));
    QUERN_CHECK(run_stored(index));
    const bool judge = keep && options_.keep_correction.empty() && first_judge() > 0;
    if (judge) {
      QUERN_TRY(const double with, judged_error(index));
      std::vector<Tensor> kept = std::move(live_.at(float_.ops[index].outputs[0]).stored);
      QUERN_CHECK(place(index, weights, plain, product.scales));
      QUERN_CHECK(run_stored(index));
      QUERN_TRY(const double without, judged_error(index));
      if (with <= without) {
        QUERN_CHECK(place(index, weights, product.bias, product.scales));
        live_.at(float_.ops[index].outputs[0]).stored = std::move(kept);
      } else {
        keep = false;
      }
    }
    result_.kept_correction[index] = keep;
    return {};
  }

  Result<double> judged_error(size_t index) {
    const Pair& pair = live_.at(float_.ops[index].outputs[0]);
    double sum = 0;
    for (size_t s = first_judge(); s < samples_.inputs.size(); ++s) {
      QUERN_TRY(const Tensor got, real_of(pair.stored[s]));
      sum += squared_distance(pair.real[s], got);
    }
    return sum;
  }

  Status judge_layer(ValueId id) {
    const Pair& pair = live_.at(id);
    const auto& factors = options_.factors.empty() ? std::vector<float>{} : options_.factors[static_cast<size_t>(id)];
    double signal = 0;
    double noise = 0;
    for (size_t s = first_judge(); s < samples_.inputs.size(); ++s) {
      QUERN_TRY(const Tensor got, real_of(pair.stored[s]));
      const auto r = pair.real[s].data<float>();
      const auto q = got.data<float>();
      for (size_t i = 0; i < r.size(); ++i) {
        const double f = factors.empty() ? 1.0 : double{factors[i % factors.size()]};
        signal += f * f * r[i] * r[i];
        noise += f * f * (double{r[i]} - q[i]) * (double{r[i]} - q[i]);
      }
    }
    if (!(signal > 0) || !(noise > 0)) return {};
    layers_db_ += 10 * std::log10(signal / noise);
    layers_ += 1;
    return {};
  }

  /// Gives the integer operator its constants.
  Status place(size_t index, const Tensor& weights, const std::vector<float>& bias, const std::vector<float>& scales) {
    Graph& graph = stored_graph();
    const Op& from = float_.ops[index];
    QUERN_TRY(Tensor stored_bias, quantize_bias(bias, input_scale(from), scales));
    const auto put = [&](size_t slot, const std::string& wish, Tensor tensor) {
      Op& op = graph.ops[index];
      if (op.inputs.size() <= slot) op.inputs.resize(slot + 1, kNoValue);
      const bool placed = op.inputs[slot] != kNoValue && static_cast<size_t>(op.inputs[slot]) >= float_.values.size();
      if (placed) {
        Value& value = graph.value(op.inputs[slot]);
        value.quantization = tensor.quantization;
        value.constant = std::move(tensor);
        return;
      }
      const ValueId id = graph.add_constant(graph.fresh_name(wish), std::move(tensor));
      graph.ops[index].inputs[slot] = id;
    };
    put(1, float_.value(from.inputs[1]).name + "_quantized", weights);
    const bool named = from.inputs.size() > 2 && from.inputs[2] != kNoValue;
    put(2, (named ? float_.value(from.inputs[2]).name : from.name + "_bias") + "_quantized", std::move(stored_bias));
    return {};
  }

  // ---- the end ----

  Status judge_outputs() {
    for (size_t i = 0; i < float_.outputs.size(); ++i) {
      const ValueId id = float_.outputs[i];
      OutputError error;
      error.name = float_.value(id).name;
      const auto found = live_.find(id);
      if (found == live_.end() || float_.value(id).dtype != DType::float32) continue;
      for (size_t s = first_judge(); s < samples_.inputs.size(); ++s) {
        QUERN_TRY(const Tensor got, real_of(found->second.stored[s]));
        add(error, samples_.reference.empty() ? found->second.real[s] : samples_.reference[s][i], got);
      }
      result_.outputs.push_back(std::move(error));
    }
    return {};
  }

  static void add(OutputError& error, const Tensor& reference, const Tensor& candidate) {
    const auto r = reference.data<float>();
    const auto q = candidate.data<float>();
    error.count += static_cast<double>(r.size());
    for (size_t i = 0; i < r.size(); ++i) {
      error.signal += double{r[i]} * r[i];
      error.noise += (double{r[i]} - q[i]) * (double{r[i]} - q[i]);
      error.dot += double{r[i]} * q[i];
      error.energy += double{q[i]} * q[i];
    }
  }

  const Graph& float_;
  const Assignment& assignment_;
  const LayerSamples& samples_;
  const LayerOptions& options_;
  std::vector<std::vector<ValueId>> dead_after_;
  std::map<ValueId, Pair> live_;
  double layers_db_ = 0;
  double layers_ = 0;
  LayerResult result_;
};

}  // namespace

Result<LayerResult> quantize_layers(const Assignment& assignment, const std::vector<Quantization>& scales, DType type,
                                    const LayerSamples& samples, const LayerOptions& options) {
  return Pass(assignment, scales, type, samples, options).run();
}

}  // namespace quern
