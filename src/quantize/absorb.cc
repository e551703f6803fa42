#include "quantize/absorb.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/error.h"
#include "prepare/evaluate.h"
#include "quantize/constants.h"

namespace quern {

namespace {

bool any_above_zero(const std::vector<float>& offsets) {
  return std::ranges::any_of(offsets, [](float c) { return c > 0; });
}

Clamp clamp_of(const Op& op) {
  if (const auto* a = std::get_if<ConvAttrs>(&op.attrs)) return a->clamp;
  if (const auto* a = std::get_if<ConvTransposeAttrs>(&op.attrs)) return a->clamp;
  if (const auto* a = std::get_if<ClampAttrs>(&op.attrs)) return a->clamp;
  return {};
}

bool is_padded(const Pads& pads) {
  return std::ranges::any_of(pads, [](int64_t pad) { return pad != 0; });
}

/// Offsets of every element, as an array.
Result<Tensor> spread_out(const std::vector<float>& offsets, const Shape& shape) {
  QUERN_TRY(Tensor tensor, Tensor::make(DType::float32, shape));
  auto numbers = tensor.mutable_data<float>();
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = offsets.empty() ? 0 : offsets[i % offsets.size()];
  return tensor;
}

/// One offset by index of the last axis; nothing when a channel holds several.
std::optional<std::vector<float>> gathered(const Tensor& tensor) {
  const auto numbers = tensor.data<float>();
  const size_t last = tensor.rank() == 0 ? 1 : static_cast<size_t>(tensor.shape().back());
  std::vector<float> offsets(numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(last));
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i] != offsets[i % last]) return std::nullopt;
  }
  return offsets;
}

class Absorber {
 public:
  Absorber(Assignment& assignment, const ChannelOffsets& wished)
      : assignment_(assignment),
        wished_(wished),
        uses_(assignment.graph),
        mixed_(assignment.graph.values.size(), false) {}

  /// Values on the way in which a channel would hold several offsets are found by looking; what leads to them keeps its
  /// channels, and the rest is decided again.
  Result<ChannelOffsets> run() {
    for (bool settled = false; !settled;) {
      find_takers();
      QUERN_TRY(settled, spread());
    }
    if (std::ranges::none_of(offsets_, any_above_zero)) return ChannelOffsets{};
    for (size_t i = 0; i < graph().ops.size(); ++i) QUERN_CHECK(move_into_bias(i));
    offsets_.resize(graph().values.size());
    return std::move(offsets_);
  }

 private:
  Graph& graph() { return assignment_.graph; }
  const Graph& graph() const { return assignment_.graph; }

  // ---- who can take offsets ----

  bool has_constants(const Op& op) const { return has_constant_weights(graph(), op) && has_channel_bias(graph(), op); }

  /// By value, the last first: all that read it take its offsets into their biases or along.
  void find_takers() {
    taken_.assign(graph().values.size(), false);
    for (size_t i = graph().ops.size(); i-- > 0;) {
      for (ValueId id : graph().ops[i].outputs) {
        if (id != kNoValue) taken_[static_cast<size_t>(id)] = all_take(static_cast<size_t>(id));
      }
    }
  }

  bool all_take(size_t id) const {
    if (uses_.is_output[id] || mixed_[id]) return false;
    return std::ranges::all_of(uses_.consumers[id], [&](int reader) {
      const Op& op = graph().ops[static_cast<size_t>(reader)];
      return takes(op, static_cast<ValueId>(id)) || carries(op);
    });
  }

  bool takes(const Op& op, ValueId id) const {
    const bool by_data_only = op.inputs[0] == id && std::ranges::count(op.inputs, id) == 1;
    if (!by_data_only || !has_constants(op)) return false;
    if (op.kind == OpKind::FullyConnected) return true;
    return op.kind == OpKind::Conv && !is_padded(std::get<ConvAttrs>(op.attrs).pads);
  }

  bool carries(const Op& op) const {
    return is_carrier(op) && std::ranges::all_of(op.outputs, [&](ValueId id) {
             return id == kNoValue || taken_[static_cast<size_t>(id)];
           });
  }

  bool is_carrier(const Op& op) const { return is_move(op) || op.kind == OpKind::Concat || averages(op); }

  static bool is_move(const Op& op) {
    return op.kind == OpKind::Reshape || op.kind == OpKind::Transpose || op.kind == OpKind::Slice ||
           op.kind == OpKind::Split || op.kind == OpKind::Identity;
  }

  /// Gives x - c where it gave x, for numbers of one channel.
  bool averages(const Op& op) const {
    const Shape& from = graph().value(op.inputs[0]).shape;
    const Shape& to = graph().value(op.outputs[0]).shape;
    if (from.empty() || to.empty() || from.back() != to.back()) return false;
    if (op.kind == OpKind::MaxPool) return !std::get<PoolAttrs>(op.attrs).clamp.active();
    if (op.kind == OpKind::AveragePool) {
      const auto& pool = std::get<PoolAttrs>(op.attrs);
      return !pool.clamp.active() && !(pool.count_include_pad && (is_padded(pool.pads) || pool.ceil_mode));
    }
    if (op.kind != OpKind::ReduceMean) return false;
    const auto& axes = std::get<ReduceAttrs>(op.attrs).axes;
    const auto last = static_cast<int64_t>(from.size()) - 1;
    return !axes.empty() && std::ranges::find(axes, last) == axes.end() && std::ranges::find(axes, -1) == axes.end();
  }

  // ---- offsets ----

  bool is_origin(const Op& op) const {
    const auto id = static_cast<size_t>(op.outputs[0]);
    const bool product =
        op.kind == OpKind::Conv || op.kind == OpKind::ConvTranspose || op.kind == OpKind::FullyConnected;
    if (!product || !has_constants(op) || clamp_of(op) != Clamp{0, std::numeric_limits<float>::infinity()})
      return false;
    // A scale that is decided already was decided for the channels as they are.
    const bool open = assignment_.pins.value(static_cast<size_t>(assignment_.group[id])) == nullptr;
    return open && taken_[id] && id < wished_.size() && any_above_zero(wished_[id]) &&
           wished_[id].size() == static_cast<size_t>(graph().value(op.outputs[0]).shape.back());
  }

  /// Sends offsets along with the numbers; false when a value turned out to be mixed.
  Result<bool> spread() {
    offsets_.assign(graph().values.size(), {});
    for (const Op& op : graph().ops) {
      if (op.outputs.empty() || op.outputs[0] == kNoValue) continue;
      if (is_origin(op)) offsets_[static_cast<size_t>(op.outputs[0])] = wished_[static_cast<size_t>(op.outputs[0])];
      const bool any = std::ranges::any_of(
          op.inputs, [&](ValueId id) { return id != kNoValue && !offsets_[static_cast<size_t>(id)].empty(); });
      if (!any || !is_carrier(op)) continue;
      if (averages(op)) {
        offsets_[static_cast<size_t>(op.outputs[0])] = offsets_[static_cast<size_t>(op.inputs[0])];
        continue;
      }
      QUERN_TRY(const bool by_channel, move(op));
      if (!by_channel) return false;
    }
    return true;
  }

  /// Lets the operator move the offsets as it moves the numbers.
  Result<bool> move(const Op& op) {
    std::vector<Tensor> arrays(op.inputs.size());
    std::vector<const Tensor*> inputs;
    for (size_t i = 0; i < op.inputs.size(); ++i) {
      const ValueId id = op.inputs[i];
      const bool numbers = id != kNoValue && graph().value(id).dtype == DType::float32;
      if (numbers) {
        QUERN_TRY(arrays[i], spread_out(offsets_[static_cast<size_t>(id)], graph().value(id).shape));
      }
      inputs.push_back(numbers                                     ? &arrays[i]
                       : id != kNoValue && graph().is_constant(id) ? &*graph().value(id).constant
                                                                   : nullptr);
    }
    QUERN_TRY(const std::vector<Tensor> results, evaluate(graph(), op, inputs));
    for (size_t i = 0; i < std::min(results.size(), op.outputs.size()); ++i) {
      const auto id = static_cast<size_t>(op.outputs[i]);
      if (op.outputs[i] == kNoValue || results[i].empty()) continue;
      auto own = gathered(results[i]);
      if (!own) {
        mixed_[id] = true;
        return false;
      }
      if (any_above_zero(*own)) offsets_[id] = *std::move(own);
    }
    return true;
  }

  Status move_into_bias(size_t index) {
    const Op& op = graph().ops[index];
    if (op.inputs.size() < 3 || !has_constants(op)) return {};
    const auto& in = offsets_[static_cast<size_t>(op.inputs[0])];
    const auto& out = offsets_[static_cast<size_t>(op.outputs[0])];
    if (in.empty() && out.empty()) return {};
    Tensor bias = graph().value(op.inputs[2]).constant->clone();
    auto b = bias.mutable_data<float>();
    std::vector<double> sums(b.begin(), b.end());
    const Tensor& weights = *graph().value(op.inputs[1]).constant;
    const auto w = weights.data<float>();
    each_weight(weights.shape(), groups_of(op), [&](size_t e, size_t o, size_t i) {
      if (i < in.size()) sums[o] += double{w[e]} * in[i];
    });
    for (size_t o = 0; o < b.size(); ++o) b[o] = static_cast<float>(sums[o] - (out.empty() ? 0.0 : double{out[o]}));
    replace_constant(assignment_, index, 2, std::move(bias));
    return {};
  }

  Assignment& assignment_;
  const ChannelOffsets& wished_;
  const Uses uses_;
  std::vector<bool> mixed_;  ///< by value: a channel would hold several offsets
  std::vector<bool> taken_;  ///< by value
  ChannelOffsets offsets_;
};

}  // namespace

Result<ChannelOffsets> absorb(Assignment& assignment, const ChannelOffsets& wished) {
  if (std::ranges::none_of(wished, any_above_zero)) return ChannelOffsets{};
  return Absorber(assignment, wished).run();
}

}  // namespace quern
