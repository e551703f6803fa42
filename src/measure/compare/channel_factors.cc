#include "measure/compare/channel_factors.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/error.h"
#include "prepare/evaluate.h"
#include "quantize/assign.h"

namespace quern {

namespace {

/// A factor that differs more from 1 is meant; a clipped or rounded channel may differ so far.
constexpr float kMeant = 0.1F;
/// One explanation is better than another when it leaves less than this share of what the other leaves.
constexpr double kClearly = 0.8;
/// Nearer to 1 than this is rounding.
constexpr float kNearOne = 0.01F;

int64_t groups_of(const Op& op) {
  if (const auto* conv = std::get_if<ConvAttrs>(&op.attrs)) return conv->groups;
  if (const auto* conv = std::get_if<ConvTransposeAttrs>(&op.attrs)) return conv->groups;
  return 1;
}

/// Weights of one output channel that correlate less say nothing: they are all but 0, and stored as 0.
constexpr double kAlike = 0.9;

/// An operator's constants on both sides; biases may be absent.
struct Constants {
  const Tensor& weights;
  const Tensor* bias;

  float bias_of(size_t channel) const {
    return bias != nullptr && channel < static_cast<size_t>(bias->size()) ? bias->data<float>()[channel] : 0;
  }
};

/// The factor by output channel that brings the expected weights nearest to those there are; of a channel that is
/// constant, the bias's; 1 where there is nothing to compare.
Factors fitted(const Constants& expected, const Constants& got) {
  Factors factors(static_cast<size_t>(expected.weights.shape()[0]), 1);
  const size_t inner = static_cast<size_t>(expected.weights.size()) / factors.size();
  for (size_t o = 0; o < factors.size(); ++o) {
    double dot = 0, square = 0, other = 0;
    for (size_t i = o * inner; i < (o + 1) * inner; ++i) {
      const double e = expected.weights.data<float>()[i], g = got.weights.data<float>()[i];
      dot += e * g, square += e * e, other += g * g;
    }
    const bool alike = dot > kAlike * std::sqrt(square * other);
    const float bias = expected.bias_of(o);
    const auto factor = alike ? static_cast<float>(dot / square) : bias != 0 ? got.bias_of(o) / bias : 1.0F;
    if (factor > 0 && std::abs(factor - 1) > kNearOne) factors[o] = factor;
  }
  return factors;
}

/// The same by input channel (the last axis, within a group), from weights alone.
Factors fitted_inputs(const Tensor& expected, const Tensor& got) {
  Factors factors(static_cast<size_t>(expected.shape().back()), 1);
  for (size_t c = 0; c < factors.size(); ++c) {
    double dot = 0, square = 0, other = 0;
    for (size_t i = c; i < static_cast<size_t>(expected.size()); i += factors.size()) {
      const double e = expected.data<float>()[i], g = got.data<float>()[i];
      dot += e * g, square += e * e, other += g * g;
    }
    if (dot > kAlike * std::sqrt(square * other)) factors[c] = static_cast<float>(dot / square);
  }
  return factors;
}

/// What is left of the weights when each output channel may have a factor: sum of squares.
double unexplained(const Tensor& expected, const Tensor& got) {
  const size_t outputs = static_cast<size_t>(expected.shape()[0]);
  const size_t inner = static_cast<size_t>(expected.size()) / outputs;
  double left = 0;
  for (size_t o = 0; o < outputs; ++o) {
    double dot = 0, square = 0, other = 0;
    for (size_t i = o * inner; i < (o + 1) * inner; ++i) {
      const double e = expected.data<float>()[i], g = got.data<float>()[i];
      dot += e * g, square += e * e, other += g * g;
    }
    // Every output channel counts alike, whatever its size.
    if (other > 0) left += 1 - (square > 0 ? dot * dot / square / other : 0);
  }
  return left;
}

bool any_meant(const Factors& factors) {
  return std::ranges::any_of(factors, [](float f) { return std::abs(f - 1) > kMeant; });
}

bool all_one(const Factors& factors) {
  return std::ranges::all_of(factors, [](float f) { return f == 1; });
}

/// Factors of every element, as an array.
Result<Tensor> spread_out(const Factors& factors, const Shape& shape) {
  QUERN_TRY(Tensor tensor, Tensor::make(DType::float32, shape));
  auto numbers = tensor.mutable_data<float>();
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = factors.empty() ? 1 : factors[i % factors.size()];
  return tensor;
}

/// One factor by index of the last axis where that says all, else one an element; what padding added is 1.
Factors gathered(const Tensor& tensor) {
  const auto numbers = tensor.data<float>();
  const size_t last = tensor.rank() == 0 ? 1 : static_cast<size_t>(tensor.shape().back());
  Factors factors(last, 0);
  bool by_channel = true;
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i] == 0) continue;
    float& factor = factors[i % last];
    by_channel &= factor == 0 || factor == numbers[i];
    if (factor == 0) factor = numbers[i];
  }
  if (!by_channel) factors.assign(numbers.begin(), numbers.end());
  std::ranges::replace(factors, 0.0F, 1.0F);
  return all_one(factors) ? Factors() : factors;
}

class Finder {
 public:
  Finder(const Graph& reference, const Graph& candidate, const Graph& twin, const Matching& matching)
      : ref_(reference),
        cand_(candidate),
        twin_(twin),
        matching_(matching),
        uses_(reference),
        factors_(reference.values.size()) {}

  Result<std::vector<Factors>> run() {
    pair_weights();
    for (size_t i = 0; i < ref_.ops.size(); ++i) QUERN_CHECK(visit(i));
    std::vector<Factors> result(cand_.values.size());
    for (size_t id = 0; id < result.size(); ++id) {
      QUERN_TRY(result[id], for_candidate(id));
    }
    return result;
  }

 private:
  struct Pair {
    const Tensor* real = nullptr;
    const Tensor* stored = nullptr;  ///< the candidate's, dequantized
    const Tensor* real_bias = nullptr;
    const Tensor* stored_bias = nullptr;
    bool same = false;  ///< without any factor
  };

  const Factors& factors(ValueId id) const { return factors_[static_cast<size_t>(id)]; }
  Factors& factors(ValueId id) { return factors_[static_cast<size_t>(id)]; }

  /// The reference's operators whose weights the candidate has too.
  void pair_weights() {
    for (size_t i = 0; i < cand_.ops.size(); ++i) {
      const Op& op = cand_.ops[i];
      if (!has_constant_weights(cand_, op)) continue;
      const auto& match = matching_.values[static_cast<size_t>(op.outputs[0])];
      const int maker = match ? uses_.producer[static_cast<size_t>(match->reference)] : -1;
      if (maker < 0) continue;
      const Op& other = ref_.ops[static_cast<size_t>(maker)];
      if (other.kind != op.kind || !has_constant_weights(ref_, other) || groups_of(op) != groups_of(other)) continue;
      const Tensor& real = *ref_.value(other.inputs[1]).constant;
      const Tensor& stored = *twin_.value(twin_.ops[i].inputs[1]).constant;
      const bool floats = real.dtype() == DType::float32 && stored.dtype() == DType::float32;
      if (!floats || real.shape() != stored.shape() || real.rank() < 2 || real.empty()) continue;
      pairs_[static_cast<size_t>(maker)] = {
          &real, &stored, bias_of(ref_, other), bias_of(twin_, twin_.ops[i]),
          !any_meant(fitted({real, nullptr}, {stored, nullptr})) && !any_meant(fitted_inputs(real, stored))};
    }
  }

  static const Tensor* bias_of(const Graph& graph, const Op& op) {
    if (op.inputs.size() < 3 || !graph.is_constant(op.inputs[2])) return nullptr;
    const Tensor& bias = *graph.value(op.inputs[2]).constant;
    return bias.dtype() == DType::float32 ? &bias : nullptr;
  }

  Status visit(size_t index) {
    const Op& op = ref_.ops[index];
    if (op.outputs.empty()) return {};
    if (is_matrix_operator(op.kind)) return product(index);
    const bool scaled =
        std::ranges::any_of(op.inputs, [&](ValueId id) { return id != kNoValue && !factors(id).empty(); });
    if (!scaled || !passes(op)) return {};
    if (info(op.kind).family == OpFamily::move && op.kind != OpKind::Resize) return move(op);
    for (ValueId id : op.inputs) {
      if (id == kNoValue || factors(id).empty() || !factors(op.outputs[0]).empty()) continue;
      const Shape &from = ref_.value(id).shape, &to = ref_.value(op.outputs[0]).shape;
      const bool by_channel = !from.empty() && factors(id).size() == static_cast<size_t>(from.back());
      if (from == to || (by_channel && !to.empty() && from.back() == to.back())) factors(op.outputs[0]) = factors(id);
    }
    return {};
  }

  /// Scales along with what it reads.
  bool passes(const Op& op) const {
    switch (op.kind) {
      case OpKind::Relu:
      case OpKind::LeakyRelu:
      case OpKind::PRelu:
      case OpKind::Clip:
      case OpKind::MaxPool:
      case OpKind::AveragePool:
      case OpKind::ReduceMean:
      case OpKind::Add:
      case OpKind::Sub:
      case OpKind::Quantize:
      case OpKind::Dequantize:
        return true;
      case OpKind::Mul:
        return ref_.is_constant(op.inputs[0]) || ref_.is_constant(op.inputs[1]);
      default:
        return info(op.kind).family == OpFamily::move && op.kind != OpKind::OneHot;
    }
  }

  Status product(size_t index) {
    const auto pair = pairs_.find(index);
    if (pair == pairs_.end() || pair->second.same) return {};
    const Op& op = ref_.ops[index];
    QUERN_TRY(const Tensor expected, scaled_weights(op, *pair->second.real, factors(op.inputs[0]), {}));
    Factors found = fitted({expected, pair->second.real_bias}, {*pair->second.stored, pair->second.stored_bias});
    if (any_meant(found) && divided_out(op.outputs[0], found)) factors(op.outputs[0]) = std::move(found);
    return {};
  }

  /// Whether every operator that reads the value has weights that undo the factors, and it does not leave the model.
  bool divided_out(ValueId value, const Factors& found) const {
    std::vector<ValueId> open{value};
    std::set<ValueId> seen{value};
    while (!open.empty()) {
      const auto id = static_cast<size_t>(open.back());
      open.pop_back();
      if (uses_.is_output[id]) return false;
      for (int reader : uses_.consumers[id]) {
        const Op& op = ref_.ops[static_cast<size_t>(reader)];
        if (is_matrix_operator(op.kind)) {
          if (contradicts(static_cast<size_t>(reader), found)) return false;
          continue;
        }
        if (!passes(op)) return false;
        for (ValueId output : op.outputs) {
          if (output != kNoValue && seen.insert(output).second) open.push_back(output);
        }
      }
    }
    return true;
  }

  /// Whether the operator's weights are better explained when its input has no factors. Where its own factors explain
  /// either (one input channel a group), or channels were moved on the way, whether they are the reference's.
  bool contradicts(size_t reader, const Factors& found) const {
    const auto pair = pairs_.find(reader);
    if (pair == pairs_.end()) return true;
    const Op& op = ref_.ops[reader];
    const Shape& shape = ref_.value(op.inputs[0]).shape;
    if (shape.empty() || found.size() != static_cast<size_t>(shape.back())) return pair->second.same;
    const auto scaled = scaled_weights(op, *pair->second.real, found, {});
    if (!scaled.ok()) return true;
    const double without = unexplained(*pair->second.real, *pair->second.stored);
    const double with = unexplained(*scaled, *pair->second.stored);
    if (with < kClearly * without) return false;
    return without < kClearly * with || pair->second.same;
  }

  /// Lets the operator move the factors as it moves the numbers.
  Status move(const Op& op) {
    std::vector<Tensor> arrays(op.inputs.size());
    std::vector<const Tensor*> inputs;
    for (size_t i = 0; i < op.inputs.size(); ++i) {
      const ValueId id = op.inputs[i];
      const bool numbers = id != kNoValue && ref_.value(id).dtype == DType::float32;
      if (numbers) {
        QUERN_TRY(arrays[i], spread_out(factors(id), ref_.value(id).shape));
      }
      inputs.push_back(id == kNoValue ? nullptr : numbers ? &arrays[i] : constant_or_null(id));
      if (id != kNoValue && inputs.back() == nullptr) return {};
    }
    QUERN_TRY(const std::vector<Tensor> results, evaluate(ref_, op, inputs));
    for (size_t i = 0; i < std::min(results.size(), op.outputs.size()); ++i) {
      if (op.outputs[i] != kNoValue && results[i].dtype() == DType::float32)
        factors(op.outputs[i]) = gathered(results[i]);
    }
    return {};
  }

  const Tensor* constant_or_null(ValueId id) const {
    return ref_.is_constant(id) ? &*ref_.value(id).constant : nullptr;
  }

  Result<Factors> for_candidate(size_t id) const {
    const auto& match = matching_.values[id];
    if (!match || factors(match->reference).empty()) return Factors();
    const Shape& from = ref_.value(match->reference).shape;
    const Shape& to = cand_.values[id].shape;
    if (match->turn.empty() && from == to) return factors(match->reference);
    QUERN_TRY(const Tensor array, spread_out(factors(match->reference), from));
    QUERN_TRY(const Tensor placed, turned(array, *match, to));
    return gathered(placed);
  }

  const Graph& ref_;
  const Graph& cand_;
  const Graph& twin_;
  const Matching& matching_;
  const Uses uses_;
  std::vector<Factors> factors_;  ///< by value of the reference
  std::map<size_t, Pair> pairs_;  ///< by operator of the reference
};

template <typename Change>
Result<Tensor> changed(const Tensor& tensor, std::span<const float> factors, const Change& change) {
  if (factors.empty()) return tensor;
  QUERN_TRY(Tensor result, Tensor::make(DType::float32, tensor.shape()));
  const auto from = tensor.data<float>();
  const auto to = result.mutable_data<float>();
  for (size_t i = 0; i < from.size(); ++i) to[i] = change(from[i], factors[i % factors.size()]);
  return result;
}

}  // namespace

Result<std::vector<Factors>> find_factors(const Graph& reference, const Graph& candidate, const Graph& twin,
                                          const Matching& matching) {
  return Finder(reference, candidate, twin, matching).run();
}

Result<Tensor> scaled_weights(const Op& op, const Tensor& weights, std::span<const float> input,
                              std::span<const float> output) {
  QUERN_TRY(Tensor scaled, Tensor::make(DType::float32, weights.shape()));
  const auto from = weights.data<float>();
  const auto to = scaled.mutable_data<float>();
  const auto outputs = static_cast<size_t>(weights.shape()[0]);
  const auto each = static_cast<size_t>(weights.shape().back());
  const size_t inner = from.size() / std::max<size_t>(1, outputs);
  const size_t per_group = std::max<size_t>(1, outputs / static_cast<size_t>(groups_of(op)));
  for (size_t i = 0; i < from.size(); ++i) {
    const size_t o = i / inner;
    const size_t channel = o / per_group * each + i % each;
    const float behind = output.size() == outputs ? output[o] : 1;
    to[i] = from[i] * behind / (channel < input.size() ? input[channel] : 1);
  }
  return scaled;
}

Result<Tensor> times(const Tensor& tensor, std::span<const float> factors) {
  return changed(tensor, factors, [](float v, float f) { return v * f; });
}

Result<Tensor> divided(const Tensor& tensor, std::span<const float> factors) {
  return changed(tensor, factors, [](float v, float f) { return v / f; });
}

}  // namespace quern
