#include "measure/drop/steps.h"

#include <algorithm>

namespace quern {

namespace {

class Finder {
 public:
  Finder(const Assignment& assignment, bool full_integer)
      : assignment_(assignment), full_integer_(full_integer), uses_(assignment.graph), made_(made_values(assignment)) {}

  std::vector<DropStep> run() {
    for (size_t i = 0; i < graph().ops.size(); ++i) {
      for (ValueId id : graph().ops[i].outputs) {
        if (id != kNoValue && made_[static_cast<size_t>(id)]) add_value(id);
      }
      if (assignment_.integer[i]) add_weights(i);
    }
    return std::move(steps_);
  }

 private:
  const Graph& graph() const { return assignment_.graph; }

  /// Once a group, where its first member is made.
  void add_value(ValueId id) {
    const ValueId root = assignment_.group[static_cast<size_t>(id)];
    if (assignment_.wide[static_cast<size_t>(id)] || !seen_.insert(root).second) return;
    DropStep step;
    bool possible = true;
    for (ValueId member : assignment_.members(root)) {
      if (made_[static_cast<size_t>(member)]) {
        step.rounded.push_back(member);
        step.operators.insert(maker_name(assignment_, uses_, member));
      }
      if (full_integer_) possible &= keep_around(member, step);
      if (!full_integer_) step.kept.wide.insert(graph().value(member).name);
    }
    if (possible) steps_.push_back(std::move(step));
  }

  /// A value between float operators is not stored. One between the model and the outside always is.
  bool keep_around(ValueId id, DropStep& step) const {
    const auto at = static_cast<size_t>(id);
    std::vector<int> ops = uses_.consumers[at];
    ops.push_back(uses_.producer[at]);
    for (int index : ops) {
      const Op& op = graph().ops[static_cast<size_t>(index)];
      if (op.kind == OpKind::Quantize || op.kind == OpKind::Dequantize) return false;
      step.kept.floats.insert(op.name);
      step.operators.insert(op.name);
    }
    return true;
  }

  void add_weights(size_t index) {
    DropStep step;
    step.weights = static_cast<int>(index);
    step.kept.floats = {graph().ops[index].name};
    step.operators = step.kept.floats;
    steps_.push_back(std::move(step));
  }

  const Assignment& assignment_;
  bool full_integer_;
  Uses uses_;
  std::vector<bool> made_;
  std::set<ValueId> seen_;  ///< groups, by their first values
  std::vector<DropStep> steps_;
};

}  // namespace

std::vector<DropStep> drop_steps(const Assignment& assignment, bool full_integer) {
  return Finder(assignment, full_integer).run();
}

std::string maker_name(const Assignment& assignment, const Uses& uses, ValueId id) {
  const Graph& graph = assignment.graph;
  const Op& maker = graph.ops[static_cast<size_t>(uses.producer[static_cast<size_t>(id)])];
  const ValueId source = maker.inputs.empty() ? kNoValue : maker.inputs[0];
  if (source == kNoValue) return maker.name;
  if (maker.kind == OpKind::Quantize) return graph.value(source).name;
  const int before = uses.producer[static_cast<size_t>(source)];
  const bool fused = before >= 0 && !assignment.stored[static_cast<size_t>(source)] &&
                     is_matrix_operator(graph.ops[static_cast<size_t>(before)].kind) &&
                     assignment.integer[static_cast<size_t>(before)];
  return fused ? graph.ops[static_cast<size_t>(before)].name : maker.name;
}

std::vector<std::string> kept_float_names(const Assignment& assignment) {
  std::vector<std::string> names;
  for (size_t i = 0; i < assignment.kept.size(); ++i) {
    if (assignment.kept[i]) names.push_back(assignment.graph.ops[i].name);
  }
  return names;
}

std::vector<std::string> kept_int16_names(const Assignment& assignment) {
  std::vector<std::string> names;
  const Uses uses(assignment.graph);
  const std::vector<bool> made = made_values(assignment);
  for (const Op& op : assignment.graph.ops) {
    for (ValueId id : op.outputs) {
      if (id == kNoValue || !made[static_cast<size_t>(id)] || !assignment.wide[static_cast<size_t>(id)]) continue;
      names.push_back(maker_name(assignment, uses, id));
    }
  }
  return names;
}

}  // namespace quern
