#include "quantize/labels.h"

#include "base/error.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "prepare/evaluate.h"
#include "quantize/assign.h"

namespace quern {

/// Walks the graph once, giving each element of each value a number (its channel variable) and joining variables that
/// must be scaled alike.
class ClassFinder {
 public:
  explicit ClassFinder(const Graph& graph) : graph_(graph), labels_(graph.values.size()), parent_{0}, ceiling_{kOpen} {}

  Result<ChannelClasses> run() {
    for (ValueId id : graph_.inputs) labels_[static_cast<size_t>(id)] = fixed(id);
    for (const Op& op : graph_.ops) QUERN_CHECK(visit(op));
    for (ValueId id : graph_.outputs) fix(id);
    return collect();
  }

 private:
  static constexpr float kOpen = std::numeric_limits<float>::infinity();
  /// Variables by index of the last axis.
  using Labels = std::vector<int>;

  size_t extent(ValueId id) const {
    const Shape& shape = graph_.value(id).shape;
    return shape.empty() ? 1 : static_cast<size_t>(shape.back());
  }
  Labels fixed(ValueId id) const { return Labels(extent(id), 0); }
  /// Reading a value channel by channel joins what lies in one channel.
  const Labels& of(ValueId id) {
    const auto mixed = mixed_.find(id);
    if (mixed != mixed_.end()) {
      join_channels(id, mixed->second);
      mixed_.erase(mixed);
    }
    return labels_[static_cast<size_t>(id)];
  }

  int root(int v) {
    while (parent_[static_cast<size_t>(v)] != v) v = parent_[static_cast<size_t>(v)];
    return v;
  }
  void join(int a, int b) {
    a = root(a);
    b = root(b);
    const int low = std::min(a, b);
    const int high = std::max(a, b);
    ceiling_[static_cast<size_t>(low)] =
        std::min(ceiling_[static_cast<size_t>(low)], ceiling_[static_cast<size_t>(high)]);
    parent_[static_cast<size_t>(high)] = low;
  }
  int fresh() {
    parent_.push_back(static_cast<int>(parent_.size()));
    ceiling_.push_back(kOpen);
    return parent_.back();
  }
  void fix(ValueId id) {
    if (id == kNoValue || graph_.is_constant(id)) return;
    for (int v : of(id)) join(v, 0);
  }

  Status visit(const Op& op) {
    switch (rule(op)) {
      case Rule::product:
        return product(op);
      case Rule::same:
        labels_[static_cast<size_t>(op.outputs[0])] = of(op.inputs[0]);
        return limit(op);
      case Rule::sum:
        return sum(op);
      case Rule::move:
        return move(op);
      case Rule::other:
        break;
    }
    for (ValueId id : op.inputs) fix(id);
    for (ValueId id : op.outputs) {
      if (id != kNoValue) labels_[static_cast<size_t>(id)] = fixed(id);
    }
    return {};
  }

  enum class Rule : uint8_t { product, same, sum, move, other };

  Rule rule(const Op& op) const {
    const bool real = std::ranges::all_of(
        op.outputs, [&](ValueId id) { return id == kNoValue || graph_.value(id).dtype == DType::float32; });
    if (!real) return Rule::other;
    switch (op.kind) {
      case OpKind::Conv:
      case OpKind::ConvTranspose:
      case OpKind::FullyConnected:
        return has_constant_weights(graph_, op) && has_constant_bias(op) ? Rule::product : Rule::other;
      case OpKind::Relu:
      case OpKind::LeakyRelu:
      case OpKind::Clip:
      case OpKind::MaxPool:
      case OpKind::AveragePool:
        return Rule::same;
      case OpKind::PRelu:
        return graph_.is_constant(op.inputs[1]) ? Rule::same : Rule::other;
      case OpKind::Mul:
        return graph_.is_constant(op.inputs[1]) && same_channels(op) ? Rule::same : Rule::other;
      case OpKind::ReduceMean:
        return keeps_channels(std::get<ReduceAttrs>(op.attrs), op) ? Rule::same : Rule::other;
      case OpKind::Resize:
        return same_channels(op) ? Rule::same : Rule::other;
      case OpKind::Add:
      case OpKind::Sub:
        return same_channels(op) && !graph_.is_constant(op.inputs[0]) && !graph_.is_constant(op.inputs[1])
                   ? Rule::sum
                   : Rule::other;
      case OpKind::Pad:
        return std::get<PadAttrs>(op.attrs).value == 0 ? Rule::move : Rule::other;
      case OpKind::OneHot:
        return Rule::other;
      default:
        return info(op.kind).family == OpFamily::move ? Rule::move : Rule::other;
    }
  }

  bool has_constant_bias(const Op& op) const {
    if (op.inputs.size() < 3 || op.inputs[2] == kNoValue) return true;
    const Value& bias = graph_.value(op.inputs[2]);
    return bias.constant && bias.constant->size() == static_cast<int64_t>(extent(op.outputs[0]));
  }
  bool same_channels(const Op& op) const {
    return std::ranges::all_of(op.inputs, [&](ValueId id) {
      return id == kNoValue || graph_.is_constant(id) || extent(id) == extent(op.outputs[0]);
    });
  }
  bool keeps_channels(const ReduceAttrs& attrs, const Op& op) const {
    const auto last = static_cast<int64_t>(graph_.value(op.inputs[0]).shape.size()) - 1;
    const bool spared = std::ranges::find(attrs.axes, last) == attrs.axes.end();
    return !attrs.axes.empty() && spared && same_channels(op);
  }

  Clamp clamp_of(const Op& op) const {
    if (op.kind == OpKind::Relu) return {0, kOpen};
    if (op.kind == OpKind::Clip) {
      const auto& bounds = std::get<UnaryAttrs>(op.attrs);
      return {static_cast<float>(bounds.alpha), static_cast<float>(bounds.beta)};
    }
    if (const auto* a = std::get_if<ConvAttrs>(&op.attrs)) return a->clamp;
    if (const auto* a = std::get_if<ConvTransposeAttrs>(&op.attrs)) return a->clamp;
    if (const auto* a = std::get_if<PoolAttrs>(&op.attrs)) return a->clamp;
    if (const auto* a = std::get_if<ClampAttrs>(&op.attrs)) return a->clamp;
    return {};
  }

  /// Bounds at 0 scale along; an upper one is a ceiling; any other fixes.
  Status limit(const Op& op) {
    const Clamp clamp = clamp_of(op);
    const ValueId output = op.outputs[0];
    const bool open_below = clamp.low == 0 || clamp.low == -kOpen;
    if (!open_below || (clamp.high != kOpen && clamp.low != 0)) fix(output);
    if (clamp.high == kOpen) return {};
    for (int v : of(output)) {
      float& ceiling = ceiling_[static_cast<size_t>(root(v))];
      ceiling = std::min(ceiling, clamp.high);
    }
    return {};
  }

  Status product(const Op& op) {
    Labels& out = labels_[static_cast<size_t>(op.outputs[0])];
    for (size_t c = 0; c < extent(op.outputs[0]); ++c) out.push_back(fresh());
    return limit(op);
  }

  Status sum(const Op& op) {
    const Labels& a = of(op.inputs[0]);
    const Labels& b = of(op.inputs[1]);
    for (size_t c = 0; c < a.size(); ++c) join(a[c], b[c]);
    labels_[static_cast<size_t>(op.outputs[0])] = a;
    return limit(op);
  }

  /// Lets the operator itself move the numbers of the variables, then reads them off channel by channel.
  Status move(const Op& op) {
    std::vector<Tensor> numbered(op.inputs.size());
    std::vector<const Tensor*> inputs;
    for (size_t i = 0; i < op.inputs.size(); ++i) {
      const ValueId id = op.inputs[i];
      const bool constant = graph_.is_constant(id);
      if (id != kNoValue && !constant) {
        QUERN_TRY(numbered[i], numbers(id));
      }
      inputs.push_back(id == kNoValue ? nullptr : constant ? &*graph_.value(id).constant : &numbered[i]);
    }
    QUERN_TRY(const std::vector<Tensor> results, evaluate(graph_, op, inputs));
    for (size_t i = 0; i < results.size() && i < op.outputs.size(); ++i) {
      if (op.outputs[i] != kNoValue) read_off(op.outputs[i], results[i], op.kind == OpKind::Pad);
    }
    return {};
  }

  Result<Tensor> numbers(ValueId id) {
    if (const auto mixed = mixed_.find(id); mixed != mixed_.end()) return mixed->second;
    QUERN_TRY(Tensor tensor, Tensor::make(DType::float32, graph_.value(id).shape));
    const Labels& labels = of(id);
    auto values = tensor.mutable_data<float>();
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(labels[i % labels.size()]);
    return tensor;
  }

  /// What moved, as one variable a channel where it still is that: the halves of a channel shuffle are not, on the way.
  /// What a Pad adds is 0 whatever the scale.
  void read_off(ValueId id, const Tensor& tensor, bool zeros_are_padding) {
    const auto values = tensor.data<float>();
    const size_t count = extent(id);
    Labels& out = labels_[static_cast<size_t>(id)];
    out.assign(count, -1);
    bool one_each = true;
    for (size_t i = 0; i < values.size(); ++i) {
      const int v = static_cast<int>(values[i]);
      int& label = out[i % count];
      if (v == 0 && zeros_are_padding) continue;
      if (label < 0) label = v;
      one_each &= label == v;
    }
    std::ranges::replace(out, -1, 0);
    if (!one_each) mixed_[id] = tensor;
  }

  void join_channels(ValueId id, const Tensor& tensor) {
    const auto values = tensor.data<float>();
    const Labels& labels = labels_[static_cast<size_t>(id)];
    for (size_t i = 0; i < values.size(); ++i) {
      const int v = static_cast<int>(values[i]);
      if (v != labels[i % labels.size()]) join(v, labels[i % labels.size()]);
    }
  }

  ChannelClasses collect() {
    ChannelClasses found;
    std::vector<int> number(parent_.size(), -1);
    number[0] = 0;
    found.ceilings_.push_back(kOpen);
    for (size_t id = 0; id < labels_.size(); ++id) {
      std::vector<int> classes;
      // On the way through a shuffle a channel has no class of its own.
      const bool mixed = mixed_.contains(static_cast<ValueId>(id));
      for (int v : mixed ? Labels{} : labels_[id]) {
        const int r = root(v);
        if (number[static_cast<size_t>(r)] < 0) {
          number[static_cast<size_t>(r)] = static_cast<int>(found.ceilings_.size());
          found.ceilings_.push_back(ceiling_[static_cast<size_t>(r)]);
        }
        classes.push_back(number[static_cast<size_t>(r)]);
      }
      found.classes_.push_back(std::move(classes));
    }
    return found;
  }

  const Graph& graph_;
  std::vector<Labels> labels_;
  std::map<ValueId, Tensor> mixed_;  ///< variable by element, where a channel holds several
  std::vector<int> parent_;
  std::vector<float> ceiling_;
};

Result<ChannelClasses> ChannelClasses::find(const Graph& graph) {
  return ClassFinder(graph).run();
}

}  // namespace quern
