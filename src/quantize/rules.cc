#include "quantize/rules.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/spelling.h"
#include "quantize/range.h"

namespace quern {

namespace {

using Selector = QuantizeRule::Selector;

Error complain(const QuantizeRule& rule, const std::string& sentence) {
  return fail(ErrorCode::invalid_file, "{} {}", rule.where, sentence);
}

bool selects(const QuantizeRule& rule, const Op& op) {
  switch (rule.selector) {
    case Selector::kind:
      return rule.word == info(op.kind).name;
    case Selector::name:
      return rule.word == op.name;
    case Selector::match:
      return std::regex_match(op.name, std::regex(rule.word));
    case Selector::value:
      break;
  }
  return false;
}

/// "; did you mean 'x'?" among what the selector could have named.
std::string suggestion(const Graph& graph, const QuantizeRule& rule) {
  std::set<std::string> names;
  for (const Op& op : graph.ops) names.emplace(rule.selector == Selector::kind ? info(op.kind).name : op.name);
  if (rule.selector == Selector::match || names.empty()) return "";
  return fmt::format("; did you mean '{}'?", nearest_word(rule.word, std::vector(names.begin(), names.end())));
}

/// The operators that a rule is about, by index.
Result<std::vector<size_t>> selected(const Graph& graph, const QuantizeRule& rule) {
  std::vector<size_t> found;
  for (size_t i = 0; i < graph.ops.size(); ++i) {
    if (selects(rule, graph.ops[i])) found.push_back(i);
  }
  if (!found.empty() || rule.if_present || rule.selector == Selector::value) return found;
  return complain(rule,
                  fmt::format("selects no operator: none has the {} '{}'{}",
                              rule.selector == Selector::kind ? "kind" : "name", rule.word, suggestion(graph, rule)));
}

class Applier {
 public:
  Applier(Assignment& assignment, const RuleGround& ground)
      : assignment_(assignment), uses_(assignment.graph), ground_(ground) {
    assignment.choices.operators.resize(assignment.graph.ops.size());
    assignment.choices.ranges.resize(assignment.graph.values.size());
    assignment.pins.values.resize(assignment.graph.values.size());
  }

  Status run(const std::vector<QuantizeRule>& rules) {
    for (const QuantizeRule& rule : rules) QUERN_CHECK(take(rule));
    for (const auto& [root, rule] : rule_of_group_) QUERN_CHECK(settle(root, *rule));
    return {};
  }

 private:
  const Graph& graph() const { return assignment_.graph; }
  bool stored(ValueId id) const { return id != kNoValue && assignment_.stored[static_cast<size_t>(id)]; }

  Status take(const QuantizeRule& rule) {
    QUERN_TRY(const std::vector<size_t> ops, selected(graph(), rule));
    if (ops.empty() && rule.selector != Selector::value) return {};
    QUERN_CHECK(take_operators(rule, ops));
    if (!rule.range && !rule.calibration) return {};
    QUERN_TRY(const std::vector<ValueId> values, values_of(rule, ops));
    for (ValueId id : values) QUERN_CHECK(take_value(rule, id));
    return {};
  }

  /// A rule about one value of a group is about all of them; the last one rules. Two that each name a value of the
  /// group contradict.
  Status take_value(const QuantizeRule& rule, ValueId id) {
    const ValueId root = assignment_.group[static_cast<size_t>(id)];
    const QuantizeRule*& last = rule_of_group_[root];
    const bool same = last == nullptr || (last->range == rule.range && last->calibration == rule.calibration &&
                                          last->percentile == rule.percentile);
    if (!same && names_one(*last) && names_one(rule) && last->word != rule.word)
      return complain(rule, fmt::format("and {} choose differently for values that an operator ties to '{}': they have "
                                        "one scale",
                                        last->where, graph().value(root).name));
    last = &rule;
    return {};
  }

  static bool names_one(const QuantizeRule& rule) {
    return rule.selector == Selector::name || rule.selector == Selector::value;
  }

  /// What is about weights and biases needs an operator that has them as integers.
  Status take_operators(const QuantizeRule& rule, const std::vector<size_t>& ops) {
    if (!rule.weights_per_channel && !rule.correct_bias && !rule.round) return {};
    bool any = false;
    for (size_t i : ops) {
      if (!assignment_.integer[i]) continue;
      any = true;
      OperatorChoice& choice = assignment_.choices.operators[i];
      if (rule.weights_per_channel) choice.weights_per_channel = rule.weights_per_channel;
      if (rule.correct_bias) choice.correct_bias = rule.correct_bias;
      if (rule.round) choice.round = rule.round;
    }
    if (any || ground_.check == RuleCheck::may_change_nothing) return {};
    return complain(rule, "changes nothing: no operator that it selects has 8-bit weights");
  }

  Result<std::vector<ValueId>> values_of(const QuantizeRule& rule, const std::vector<size_t>& ops) const {
    std::vector<ValueId> values;
    if (rule.selector == Selector::value) {
      const ValueId id = graph().find(rule.word);
      if (id == kNoValue && rule.if_present) return values;
      if (id == kNoValue)
        return complain(rule, fmt::format("selects no value: the model has no '{}'{}", rule.word, near_value(rule)));
      if (stored(inner(id))) values.push_back(inner(id));
    }
    for (size_t i : ops) {
      for (ValueId id : graph().ops[i].outputs) {
        if (id != kNoValue && stored(result(id))) values.push_back(result(id));
      }
    }
    if (!values.empty() || ground_.check == RuleCheck::may_change_nothing) return values;
    return complain(rule, "changes nothing: no value that it is about is stored in 8 bits");
  }

  std::string near_value(const QuantizeRule& rule) const {
    std::vector<std::string> names;
    for (size_t id = 0; id < graph().values.size(); ++id) {
      if (assignment_.stored[id]) names.push_back(graph().values[id].name);
    }
    return names.empty() ? "" : fmt::format("; did you mean '{}'?", nearest_word(rule.word, names));
  }

  /// A graph's input or output is float; what is stored stands behind its edge.
  ValueId inner(ValueId id) const {
    if (stored(id)) return id;
    const int maker = uses_.producer[static_cast<size_t>(id)];
    if (maker >= 0 && graph().ops[static_cast<size_t>(maker)].kind == OpKind::Dequantize)
      return graph().ops[static_cast<size_t>(maker)].inputs[0];
    for (int reader : uses_.consumers[static_cast<size_t>(id)]) {
      const Op& op = graph().ops[static_cast<size_t>(reader)];
      if (op.kind == OpKind::Quantize) return op.outputs[0];
    }
    return id;
  }

  /// What an operator gives is stored behind the activation that is computed with it.
  ValueId result(ValueId id) const {
    const auto& readers = uses_.consumers[static_cast<size_t>(id)];
    if (stored(id) || readers.size() != 1) return id;
    const Op& reader = graph().ops[static_cast<size_t>(readers[0])];
    return reader.outputs.size() == 1 && reader.kind != OpKind::Quantize ? reader.outputs[0] : id;
  }

  Status settle(ValueId root, const QuantizeRule& rule) {
    const auto at = static_cast<size_t>(root);
    if (rule.calibration) {
      assignment_.choices.ranges[at] = RangeChoice{*rule.calibration, rule.percentile};
      return {};
    }
    if (assignment_.pins.value(at) != nullptr)
      return complain(rule, fmt::format("has a range for '{}', whose scale the table gives", graph().value(root).name));
    const Quantization pin = activation_quantization(
        {rule.range->first, rule.range->second}, assignment_.wide[at] ? DType::int16 : ground_.type, ground_.symmetric);
    for (ValueId member : assignment_.members(root)) assignment_.pins.values[static_cast<size_t>(member)] = pin;
    return {};
  }

  Assignment& assignment_;
  Uses uses_;
  const RuleGround& ground_;
  std::map<ValueId, const QuantizeRule*> rule_of_group_;  ///< by first value: the last rule about its range
};

}  // namespace

Result<std::vector<std::string>> kept_by_rules(const Graph& graph, const std::vector<QuantizeRule>& rules) {
  std::vector<bool> kept(graph.ops.size(), false);
  for (const QuantizeRule& rule : rules) {
    if (!rule.keep_float) continue;
    QUERN_TRY(const std::vector<size_t> ops, selected(graph, rule));
    for (size_t i : ops) kept[i] = *rule.keep_float;
  }
  std::vector<std::string> names;
  for (size_t i = 0; i < kept.size(); ++i) {
    if (kept[i]) names.push_back(graph.ops[i].name);
  }
  return names;
}

Status apply_rules(Assignment& assignment, const std::vector<QuantizeRule>& rules, const RuleGround& ground) {
  if (rules.empty()) return {};
  return Applier(assignment, ground).run(rules);
}

}  // namespace quern
