// Rules that need the graph alone: how operators follow each other, and what is open or idle.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "kernels/kernel.h"
#include "measure/lint/subject.h"
#include "quern/measure.h"

namespace quern {

namespace {

bool is_softmax(OpKind kind) {
  return kind == OpKind::Softmax || kind == OpKind::LogSoftmax;
}

/// Element by element, in a way that keeps the order of numbers or cuts them: what a matrix operator could have done on
/// the way.
bool is_activation(OpKind kind) {
  switch (kind) {
    case OpKind::Relu:
    case OpKind::Clip:
    case OpKind::LeakyRelu:
    case OpKind::PRelu:
    case OpKind::Elu:
    case OpKind::HardSwish:
    case OpKind::Swish:
    case OpKind::Sigmoid:
    case OpKind::HardSigmoid:
    case OpKind::Tanh:
      return true;
    default:
      return false;
  }
}

/// Changes nothing but places, shapes, and how numbers are stored.
bool only_moves(const Op& op) {
  if (op.kind == OpKind::Quantize || op.kind == OpKind::Dequantize) return true;
  return info(op.kind).family == OpFamily::move && op.kind != OpKind::Concat && op.kind != OpKind::Resize &&
         op.kind != OpKind::OneHot;
}

/// The operator that made the numbers of a value, behind what only moves them; nullptr for inputs and constants.
const Op* maker_of(const Graph& graph, const Uses& uses, ValueId id) {
  while (id != kNoValue) {
    const int maker = uses.producer[static_cast<size_t>(id)];
    if (maker < 0) return nullptr;
    const Op& op = graph.ops[static_cast<size_t>(maker)];
    if (!only_moves(op)) return &op;
    id = op.inputs[0];
  }
  return nullptr;
}

/// What an operator is asked to give lies in 0..1 whatever it reads.
bool is_score(const Op* op) {
  return op != nullptr &&
         (op->kind == OpKind::Sigmoid || op->kind == OpKind::HardSigmoid || op->kind == OpKind::Softmax);
}

std::string shape_wish(const Value& input) {
  Shape shape = input.shape;
  std::ranges::replace_if(
      shape, [](int64_t extent) { return extent < 0; }, 1);
  return fmt::format("--shape {}:{}", input.name, to_string(shape));
}

/// Whether each value depends on an input.
std::vector<bool> live_values(const Graph& graph) {
  std::vector<bool> live(graph.values.size(), false);
  for (ValueId id : graph.inputs) live[static_cast<size_t>(id)] = true;
  for (const Op& op : graph.ops) {
    const bool any =
        std::ranges::any_of(op.inputs, [&](ValueId id) { return id != kNoValue && live[static_cast<size_t>(id)]; });
    for (ValueId id : op.outputs) {
      if (id != kNoValue) live[static_cast<size_t>(id)] = any;
    }
  }
  return live;
}

/// Stored in 8 bits with some scale, which does for asking whether there is a kernel.
void store(Operand& operand, DType type) {
  operand.dtype = type;
  operand.quantization = {{0.05F}, {0}, 0};
}

/// The operator as it will be called once its values are stored.
OpCall stored_call(const Assignment& assignment, const Op& op) {
  const auto operand = [&](ValueId id) {
    Operand made;
    made.present = id != kNoValue;
    if (!made.present) return made;
    const Value& value = assignment.graph.value(id);
    made.dtype = value.dtype;
    made.shape = value.shape;
    made.constant = value.constant ? value.constant->raw() : nullptr;
    if (assignment.stored[static_cast<size_t>(id)]) store(made, DType::int8);
    return made;
  };
  OpCall call;
  call.kind = op.kind;
  call.attrs = op.attrs;
  for (ValueId id : op.inputs) call.inputs.push_back(operand(id));
  for (ValueId id : op.outputs) call.outputs.push_back(operand(id));
  return call;
}

/// Reads and gives 8-bit values. An activation that a matrix operator computes on the way reads its float sums.
bool all_stored(const Assignment& assignment, const Op& op) {
  const auto stored = [&](ValueId id) {
    return id == kNoValue || assignment.graph.is_constant(id) || assignment.stored[static_cast<size_t>(id)];
  };
  return std::ranges::all_of(op.inputs, stored) && std::ranges::all_of(op.outputs, stored);
}

}  // namespace

void find_not_a_float_model(const LintSubject& subject, Findings& findings) {
  if (subject.ready != nullptr && subject.assignment == nullptr) findings.add(subject.read.name, "", subject.refusal);
}

void find_dynamic_shape(const LintSubject& subject, Findings& findings) {
  for (ValueId id : subject.read.inputs) {
    const Value& input = subject.read.value(id);
    const auto open = std::ranges::count_if(input.shape, [](int64_t extent) { return extent < 0; });
    if (open == 0) continue;
    findings.add(input.name, fmt::format("{} open extents", open),
                 fmt::format("the shape of input '{}' is open in {} of {} extents; {} would fix them to 1", input.name,
                             open, input.shape.size(), shape_wish(input)));
  }
}

void find_unused_input(const LintSubject& subject, Findings& findings) {
  const Uses uses(subject.read);
  for (ValueId id : subject.read.inputs) {
    if (!uses.consumers[static_cast<size_t>(id)].empty() || uses.is_output[static_cast<size_t>(id)]) continue;
    findings.add(subject.read.value(id).name, "no readers",
                 fmt::format("nothing reads input '{}'", subject.read.value(id).name));
  }
}

void find_constant_output(const LintSubject& subject, Findings& findings) {
  if (subject.ready == nullptr) return;
  const std::vector<bool> live = live_values(*subject.ready);
  for (ValueId id : subject.ready->outputs) {
    const std::string& name = subject.ready->value(id).name;
    if (!live[static_cast<size_t>(id)])
      findings.add(name, "constant", fmt::format("output '{}' is the same whatever the input is", name));
  }
}

void find_double_softmax(const LintSubject& subject, Findings& findings) {
  const Uses uses(subject.read);
  for (const Op& op : subject.read.ops) {
    if (!is_softmax(op.kind) && op.kind != OpKind::Sigmoid) continue;
    const Op* before = maker_of(subject.read, uses, op.inputs[0]);
    if (before == nullptr) continue;
    const bool twice = is_softmax(before->kind) || (op.kind == OpKind::Sigmoid && before->kind == OpKind::Sigmoid);
    if (!twice) continue;
    findings.add(op.name, fmt::format("{} of {}", info(op.kind).name, info(before->kind).name),
                 fmt::format("{} '{}' reads {} '{}': probabilities are squeezed into a narrow band", info(op.kind).name,
                             short_name(op.name), info(before->kind).name, short_name(before->name)));
  }
}

void find_activation_after_concat(const LintSubject& subject, Findings& findings) {
  if (subject.assignment == nullptr) return;
  const Graph& graph = subject.assignment->graph;
  const Uses uses(graph);
  for (const Op& op : graph.ops) {
    if (!is_activation(op.kind)) continue;
    const Op* before = maker_of(graph, uses, op.inputs[0]);
    if (before == nullptr || before->kind != OpKind::Concat) continue;
    if (!subject.assignment->stored[static_cast<size_t>(before->outputs[0])]) continue;
    findings.add(
        op.name, fmt::format("{} behind Concat", info(op.kind).name),
        fmt::format("{} '{}' reads Concat '{}', whose {} inputs are stored with one scale before the activation "
                    "cuts them: codes go to numbers that do not survive",
                    info(op.kind).name, short_name(op.name), short_name(before->name), before->inputs.size()));
  }
}

void find_joined_scores(const LintSubject& subject, Findings& findings) {
  if (subject.assignment == nullptr) return;
  const Graph& graph = subject.assignment->graph;
  const Uses uses(graph);
  for (const Op& op : graph.ops) {
    if (op.kind != OpKind::Concat || graph.value(op.outputs[0]).dtype != DType::float32) continue;
    size_t scores = 0, others = 0;
    for (ValueId id : op.inputs) {
      if (graph.is_constant(id)) continue;
      const Op* maker = maker_of(graph, uses, id);
      const bool matrix = maker != nullptr && is_matrix_operator(maker->kind);
      scores += is_score(maker) ? 1 : 0;
      others += matrix ? 1 : 0;
    }
    if (scores == 0 || others == 0) continue;
    const bool stored = subject.assignment->stored[static_cast<size_t>(op.outputs[0])];
    findings.add(op.name, fmt::format("{} scores, {} others", scores, others),
                 fmt::format("Concat '{}' joins scores, which lie in 0..1, with numbers that do not; {}", op.name,
                             stored ? "in 8 bits they share one scale, and the scores keep few codes"
                                    : "Quern keeps it in float, a target that stores it in 8 bits loses the scores"),
                 stored ? LintLevel::warning : LintLevel::note);
  }
}

void find_no_integer_kernel(const LintSubject& subject, Findings& findings) {
  if (subject.assignment == nullptr) return;
  const Assignment& assignment = *subject.assignment;
  std::map<OpKind, std::vector<std::string>> kinds;
  for (size_t i = 0; i < assignment.graph.ops.size(); ++i) {
    const Op& op = assignment.graph.ops[i];
    if (assignment.integer[i] || is_matrix_operator(op.kind) || op.outputs.empty() ||
        info(op.kind).family == OpFamily::convert || !all_stored(assignment, op))
      continue;
    const auto chosen = choose_kernel(stored_call(assignment, op), Isa::reference);
    if (!chosen.ok() || std::string_view(chosen->row->name).starts_with("via_float")) kinds[op.kind].push_back(op.name);
  }
  for (const auto& [kind, names] : kinds) {
    const size_t count = names.size();
    findings.add(names.front(), fmt::format("{} {}", count, info(kind).name),
                 fmt::format("{} has no 8-bit kernel: {} ({}'{}') run{} as dequantize, float, quantize",
                             info(kind).name, count == 1 ? "the operator" : fmt::format("{} operators", count),
                             count == 1 ? "" : "the first ", names.front(), count == 1 ? "s" : ""));
  }
}

}  // namespace quern
