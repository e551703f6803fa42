#include "quantize/equalize.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "quantize/constants.h"

namespace quern {

namespace {

/// What is known of a class of channels before its scale is chosen.
struct Demand {
  float reach = 0;     ///< greatest reach of a member over its group's
  float column = 0;    ///< greatest weight that reads it over the greatest in the same weights
  float biggest = 0;   ///< greatest number in it
  bool dense = false;  ///< read by weights that mix channels
  bool read = false;   ///< read by weights at all
};

/// Moves factors into constants.
class Balancer {
 public:
  Balancer(Assignment& assignment, const ChannelFactors& factors) : assignment_(assignment), factors_(factors) {}

  Status run() {
    for (size_t i = 0; i < graph().ops.size(); ++i) QUERN_CHECK(scale(i));
    return {};
  }

 private:
  Graph& graph() { return assignment_.graph; }

  const std::vector<float>& of(ValueId id) const {
    static const std::vector<float> none;
    return static_cast<size_t>(id) < factors_.size() ? factors_[static_cast<size_t>(id)] : none;
  }
  static float at(const std::vector<float>& factors, size_t channel) {
    return channel < factors.size() ? factors[channel] : 1.0F;
  }

  Status scale(size_t index) {
    const Op op = graph().ops[index];
    if (!has_constant_weights(graph(), op)) return {};
    const auto& in = of(op.inputs[0]);
    const auto& out = of(op.outputs[0]);
    Tensor weights = graph().value(op.inputs[1]).constant->clone();
    auto w = weights.mutable_data<float>();
    bool changed = false;
    each_weight(weights.shape(), groups_of(op), [&](size_t e, size_t o, size_t i) {
      const float factor = at(in, i) / at(out, o);
      changed |= factor != 1;
      w[e] *= factor;
    });
    if (changed) replace_constant(assignment_, index, 1, std::move(weights));
    if (op.inputs.size() < 3 || op.inputs[2] == kNoValue) return {};
    Tensor bias = graph().value(op.inputs[2]).constant->clone();
    auto b = bias.mutable_data<float>();
    if (b.size() != out.size() || std::ranges::all_of(out, [](float s) { return s == 1; })) return {};
    for (size_t o = 0; o < b.size(); ++o) b[o] /= at(out, o);
    replace_constant(assignment_, index, 2, std::move(bias));
    return {};
  }

  Assignment& assignment_;
  const ChannelFactors& factors_;
};

class Equalizer {
 public:
  Equalizer(Assignment& assignment, const ChannelClasses& classes, const std::vector<std::vector<Range>>& channels,
            const EqualizeOptions& options)
      : assignment_(assignment), classes_(classes), channels_(channels), options_(options) {}

  Result<ChannelFactors> run() {
    demands_.resize(static_cast<size_t>(classes_.count()));
    measure_reach();
    measure_columns();
    choose();
    const ChannelFactors chosen = factors();
    QUERN_CHECK(apply_factors(assignment_, chosen));
    return chosen;
  }

 private:
  Graph& graph() { return assignment_.graph; }
  const Graph& graph() const { return assignment_.graph; }

  ChannelFactors factors() const {
    ChannelFactors factors;
    if (std::ranges::all_of(scales_, [](float s) { return s == 1; })) return factors;
    for (size_t id = 0; id < graph().values.size(); ++id) {
      std::vector<float>& own = factors.emplace_back();
      if (id >= channels_.size()) continue;
      for (int cls : classes_.of(static_cast<ValueId>(id))) own.push_back(scales_[static_cast<size_t>(cls)]);
    }
    return factors;
  }

  float reach_of_group(ValueId root) const {
    float reach = 0;
    for (ValueId id : assignment_.members(root)) {
      for (const Range& range : channels_[static_cast<size_t>(id)]) reach = std::max(reach, range.reach());
    }
    return reach;
  }

  void measure_reach() {
    for (size_t id = 0; id < assignment_.stored.size(); ++id) {
      if (!assignment_.stored[id]) continue;
      const auto& own = classes_.of(static_cast<ValueId>(id));
      const float whole = reach_of_group(assignment_.group[id]);
      const size_t known = whole > 0 ? std::min(own.size(), channels_[id].size()) : 0;
      for (size_t c = 0; c < known; ++c) {
        Demand& demand = demands_[static_cast<size_t>(own[c])];
        demand.reach = std::max(demand.reach, channels_[id][c].reach() / whole);
        demand.biggest = std::max(demand.biggest, channels_[id][c].high);
      }
    }
  }

  void measure_columns() {
    for (const Op& op : graph().ops) {
      if (!has_constant_weights(graph(), op)) continue;
      const Tensor& weights = *graph().value(op.inputs[1]).constant;
      const auto& in = classes_.of(op.inputs[0]);
      const auto w = weights.data<float>();
      std::vector<float> columns(in.size(), 0);
      float greatest = 0;
      each_weight(weights.shape(), groups_of(op), [&](size_t e, size_t, size_t i) {
        if (i < columns.size()) columns[i] = std::max(columns[i], std::abs(w[e]));
        greatest = std::max(greatest, std::abs(w[e]));
      });
      const bool dense = weights.shape().back() > 1 || op.kind == OpKind::FullyConnected;
      for (size_t i = 0; i < in.size(); ++i) {
        Demand& demand = demands_[static_cast<size_t>(in[i])];
        demand.read = true;
        if (!dense) continue;
        demand.dense = true;
        if (greatest > 0) demand.column = std::max(demand.column, columns[i] / greatest);
      }
    }
  }

  void choose() {
    scales_.assign(demands_.size(), 1);
    for (size_t k = 1; k < demands_.size(); ++k) {
      const Demand& demand = demands_[k];
      if (!demand.read || !(demand.reach > 0)) continue;
      const float reach = std::min(1.0F, demand.reach * options_.margin);
      float s = reach;
      if (demand.dense)
        s = std::pow(reach, options_.strength) / std::pow(std::max(demand.column, 1e-3F), options_.care);
      s = std::clamp(s, options_.floor, 1.0F);
      // Under a ceiling a scaled channel is cut at ceiling * s: only channels that stay well below may be scaled.
      const float ceiling = classes_.ceiling(static_cast<int>(k));
      if (std::isfinite(ceiling)) s = std::clamp(demand.biggest * options_.margin / ceiling, s, 1.0F);
      scales_[k] = s;
    }
  }

  Assignment& assignment_;
  const ChannelClasses& classes_;
  const std::vector<std::vector<Range>>& channels_;
  const EqualizeOptions& options_;
  std::vector<Demand> demands_;
  std::vector<float> scales_;
};

}  // namespace

Status apply_factors(Assignment& assignment, const ChannelFactors& factors) {
  if (factors.empty()) return {};
  return Balancer(assignment, factors).run();
}

Result<ChannelFactors> equalize(Assignment& assignment, const std::vector<std::vector<Range>>& channels,
                                const EqualizeOptions& options) {
  QUERN_TRY(const ChannelClasses classes, ChannelClasses::find(assignment.graph));
  return Equalizer(assignment, classes, channels, options).run();
}

}  // namespace quern
