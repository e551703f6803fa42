#include "measure/compare/channel_offsets.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "quantize/absorb.h"
#include "quantize/constants.h"

namespace quern {

namespace {

/// A bias that is lower by more steps of the stored value is meant; correcting a bias moves it by less.
constexpr float kMeantSteps = 4;
/// Once an offset is meant, other channels' are taken from here on.
constexpr float kLeastSteps = 0.5F;
/// Biases are explained when this share of what they differ by is left.
constexpr double kClearly = 0.8;

/// Both sides' operators that give a value.
struct Pair {
  size_t reference = 0;  ///< operator
  ValueId value = kNoValue;
  std::vector<float> bias;  ///< the candidate's, in the reference's units
  float step = 0;           ///< of the stored result, in the reference's units; 0: it is not stored with one scale
};

const Tensor* float_constant(const Graph& graph, ValueId id) {
  if (id == kNoValue || !graph.is_constant(id)) return nullptr;
  const Tensor& constant = *graph.value(id).constant;
  return constant.dtype() == DType::float32 ? &constant : nullptr;
}

Clamp clamp_of(const Op& op) {
  if (const auto* a = std::get_if<ConvAttrs>(&op.attrs)) return a->clamp;
  if (const auto* a = std::get_if<ConvTransposeAttrs>(&op.attrs)) return a->clamp;
  if (const auto* a = std::get_if<ClampAttrs>(&op.attrs)) return a->clamp;
  return {};
}

bool ends_in_relu(const Op& op) {
  return clamp_of(op) == Clamp{0, std::numeric_limits<float>::infinity()};
}

/// The reference with offsets taken off, and what became of them.
struct Absorbed {
  Assignment assignment;
  ChannelOffsets offsets;

  std::span<const float> bias(size_t op) const {
    const Graph& graph = assignment.graph;
    return graph.value(graph.ops[op].inputs[2]).constant->data<float>();
  }
};

class Finder {
 public:
  Finder(const Graph& reference, const Graph& candidate, const Graph& twin, const Matching& matching,
         const std::vector<Factors>& factors)
      : ref_(reference), cand_(candidate), twin_(twin), matching_(matching), factors_(factors), uses_(reference) {}

  Result<AbsorbedChannels> run() {
    find_pairs();
    wished_.resize(ref_.values.size());
    QUERN_TRY(now_, with(wished_));
    for (const Pair& pair : pairs_) QUERN_CHECK(visit(pair));
    return found();
  }

 private:
  // ---- what is compared ----

  /// In the order of the reference.
  void find_pairs() {
    for (size_t i = 0; i < cand_.ops.size(); ++i) {
      const Op& op = cand_.ops[i];
      const bool product =
          op.kind == OpKind::Conv || op.kind == OpKind::ConvTranspose || op.kind == OpKind::FullyConnected;
      const auto& match = product ? matching_.values[static_cast<size_t>(op.outputs[0])] : kNone;
      const int maker = match ? uses_.producer[static_cast<size_t>(match->reference)] : -1;
      if (maker < 0) continue;
      const Op& other = ref_.ops[static_cast<size_t>(maker)];
      const bool biased = op.inputs.size() > 2 && other.inputs.size() > 2 && has_channel_bias(ref_, other) &&
                          float_constant(ref_, other.inputs[1]) != nullptr;
      const Tensor* bias = biased ? float_constant(twin_, twin_.ops[i].inputs[2]) : nullptr;
      if (other.kind != op.kind || bias == nullptr || float_constant(ref_, other.inputs[2]) == nullptr) continue;
      if (bias->size() != ref_.value(other.inputs[2]).constant->size()) continue;
      pairs_.push_back(pair_of(static_cast<size_t>(maker), match->reference, op.outputs[0], *bias));
    }
    std::ranges::stable_sort(pairs_, {}, &Pair::reference);
  }

  Pair pair_of(size_t op, ValueId value, ValueId stored, const Tensor& bias) const {
    const Factors& factor = factors_[static_cast<size_t>(stored)];
    const Quantization& grid = cand_.value(stored).quantization;
    Pair pair{op, value, {}, 0};
    float greatest = 1;
    for (size_t c = 0; c < static_cast<size_t>(bias.size()); ++c) {
      const float f = factor.empty() ? 1 : factor[c % factor.size()];
      pair.bias.push_back(bias.data<float>()[c] / f);
      greatest = c == 0 ? 1 / f : std::max(greatest, 1 / f);
    }
    if (grid.scales.size() == 1) pair.step = grid.scales[0] * greatest;
    return pair;
  }

  // ---- what is believed ----

  Result<Absorbed> with(const ChannelOffsets& wished) const {
    Absorbed absorbed;
    absorbed.assignment.graph = ref_;
    absorbed.assignment.stored.assign(ref_.values.size(), false);
    absorbed.assignment.wide.assign(ref_.values.size(), false);
    absorbed.assignment.group.resize(ref_.values.size());
    std::iota(absorbed.assignment.group.begin(), absorbed.assignment.group.end(), 0);
    QUERN_TRY(absorbed.offsets, absorb(absorbed.assignment, wished));
    absorbed.offsets.resize(ref_.values.size());
    return absorbed;
  }

  Status visit(const Pair& pair) {
    if (!ends_in_relu(ref_.ops[pair.reference]) || !(pair.step > 0)) return {};
    const auto expected = now_.bias(pair.reference);
    std::vector<float> offsets;
    bool meant = false;
    for (size_t c = 0; c < expected.size(); ++c) {
      const float lower = expected[c] - pair.bias[c];
      offsets.push_back(lower > kLeastSteps * pair.step ? lower : 0);
      meant |= lower > kMeantSteps * pair.step;
    }
    if (!meant) return {};
    ChannelOffsets wished = wished_;
    wished[static_cast<size_t>(pair.value)] = offsets;
    QUERN_TRY(Absorbed then, with(wished));
    if (then.offsets[static_cast<size_t>(pair.value)].empty() || !explains(then, pair)) return {};
    wished_ = std::move(wished);
    now_ = std::move(then);
    return {};
  }

  /// Whether the biases that changed, but for the pair's own, are nearer to the candidate's.
  bool explains(const Absorbed& then, const Pair& own) const {
    double before = 0;
    double after = 0;
    for (const Pair& pair : pairs_) {
      if (pair.reference == own.reference || std::ranges::equal(now_.bias(pair.reference), then.bias(pair.reference)))
        continue;
      before += unexplained(now_, pair);
      after += unexplained(then, pair);
    }
    return after < kClearly * before;
  }

  /// What a bias behind a Relu is too low by may be an offset of its own.
  double unexplained(const Absorbed& absorbed, const Pair& pair) const {
    const bool own_offset = ends_in_relu(ref_.ops[pair.reference]);
    const auto expected = absorbed.bias(pair.reference);
    double left = 0;
    for (size_t c = 0; c < expected.size(); ++c) {
      const double lower = double{expected[c]} - pair.bias[c];
      if (!own_offset || lower < 0) left += lower * lower;
    }
    return left;
  }

  // ---- what is given ----

  Result<AbsorbedChannels> found() const {
    AbsorbedChannels found;
    found.offsets.resize(cand_.values.size());
    for (size_t id = 0; id < found.offsets.size(); ++id) {
      QUERN_TRY(found.offsets[id], for_candidate(id));
    }
    for (const Pair& pair : pairs_) {
      const auto now = now_.bias(pair.reference);
      const auto was = float_constant(ref_, ref_.ops[pair.reference].inputs[2])->data<float>();
      if (std::ranges::equal(now, was)) continue;
      std::vector<float>& beyond = found.biases[pair.value];
      for (size_t c = 0; c < now.size(); ++c) beyond.push_back(now[c] - was[c]);
    }
    return found;
  }

  Result<std::vector<float>> for_candidate(size_t id) const {
    const auto& match = matching_.values[id];
    if (!match || now_.offsets[static_cast<size_t>(match->reference)].empty()) return std::vector<float>{};
    const auto& own = now_.offsets[static_cast<size_t>(match->reference)];
    QUERN_TRY(Tensor array, Tensor::make(DType::float32, ref_.value(match->reference).shape));
    auto numbers = array.mutable_data<float>();
    for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = own[i % own.size()];
    QUERN_TRY(const Tensor placed, turned(array, *match, cand_.values[id].shape));
    const auto all = placed.data<float>();
    const Factors& factor = factors_[id];
    std::vector<float> offsets;
    for (size_t i = 0; i < all.size(); ++i)
      offsets.push_back(all[i] * (factor.empty() ? 1 : factor[i % factor.size()]));
    return offsets;
  }

  static inline const std::optional<Match> kNone = std::nullopt;

  const Graph& ref_;
  const Graph& cand_;
  const Graph& twin_;
  const Matching& matching_;
  const std::vector<Factors>& factors_;
  const Uses uses_;
  std::vector<Pair> pairs_;
  ChannelOffsets wished_;  ///< what is believed, by value of the reference
  Absorbed now_;
};

Result<Tensor> moved(const Tensor& tensor, std::span<const float> offsets, float sign) {
  if (offsets.empty()) return tensor;
  Tensor result = tensor.clone();
  const auto numbers = result.mutable_data<float>();
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] += sign * offsets[i % offsets.size()];
  return result;
}

}  // namespace

Result<AbsorbedChannels> find_absorbed(const Graph& reference, const Graph& candidate, const Graph& twin,
                                       const Matching& matching, const std::vector<Factors>& factors) {
  return Finder(reference, candidate, twin, matching, factors).run();
}

Result<Tensor> lowered(const Tensor& tensor, std::span<const float> offsets) {
  return moved(tensor, offsets, -1);
}

Result<Tensor> raised(const Tensor& tensor, std::span<const float> offsets) {
  return moved(tensor, offsets, 1);
}

}  // namespace quern
