#include "measure/calibrate/joins.h"

#include <algorithm>

#include "base/error.h"
#include "quantize/full_integer.h"

namespace quern {

namespace {

/// The graph output that a value becomes by nothing but moves, or kNoValue when anything else reads it.
ValueId output_behind(const Graph& graph, const Uses& uses, ValueId id) {
  ValueId found = uses.is_output[static_cast<size_t>(id)] ? id : kNoValue;
  for (int reader : uses.consumers[static_cast<size_t>(id)]) {
    const Op& op = graph.ops[static_cast<size_t>(reader)];
    const bool moves = op.kind == OpKind::Dequantize || (info(op.kind).family == OpFamily::move && needs_one_scale(op));
    const ValueId behind = moves ? output_behind(graph, uses, op.outputs[0]) : kNoValue;
    if (behind == kNoValue) return kNoValue;
    found = behind;
  }
  return found;
}

}  // namespace

Result<std::vector<WideJoin>> wide_joins(const Assignment& assignment, const GraphRunner& runner,
                                         const SampleSource& samples) {
  std::vector<WideJoin> found;
  const Graph& graph = assignment.graph;
  const Uses uses(graph);
  std::vector<std::pair<const Op*, ValueId>> joins;
  for (const Op& op : graph.ops) {
    if (op.kind != OpKind::Concat || !assignment.stored[static_cast<size_t>(op.outputs[0])]) continue;
    const ValueId output = output_behind(graph, uses, op.outputs[0]);
    if (output != kNoValue) joins.emplace_back(&op, output);
  }
  if (joins.empty()) return found;
  QUERN_TRY(const auto parts, observe(runner, assignment.stored, samples, false, 1));
  const Observations& seen = parts[0];
  for (const auto& [op, output] : joins) {
    WideJoin join{op->name, graph.value(output).name, std::numeric_limits<float>::infinity(), 0};
    for (ValueId id : op->inputs) {
      const float reach = seen[static_cast<size_t>(id)].range.reach();
      if (reach > 0) join.least = std::min(join.least, reach);
      join.greatest = std::max(join.greatest, reach);
    }
    if (join.greatest > kWidest * join.least) found.push_back(std::move(join));
  }
  return found;
}

std::string sentence_of(const WideJoin& join) {
  return fmt::format(
      "output '{}' stays float32: '{}' joins values that reach {:.3g} with values that reach {:.3g}, and one int8 "
      "scale "
      "cannot serve both; end the model before it to have them as int8 outputs",
      join.output, join.op, join.least, join.greatest);
}

}  // namespace quern
