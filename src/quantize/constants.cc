#include "quantize/constants.h"

#include <algorithm>

namespace quern {

int64_t groups_of(const Op& op) {
  if (const auto* a = std::get_if<ConvAttrs>(&op.attrs)) return a->groups;
  if (const auto* a = std::get_if<ConvTransposeAttrs>(&op.attrs)) return a->groups;
  return 1;
}

bool has_channel_bias(const Graph& graph, const Op& op) {
  if (op.inputs.size() < 3 || op.inputs[2] == kNoValue) return false;
  const Value& bias = graph.value(op.inputs[2]);
  return bias.constant && bias.constant->size() == graph.value(op.outputs[0]).shape.back();
}

void replace_constant(Assignment& assignment, size_t op, size_t slot, Tensor tensor) {
  Graph& graph = assignment.graph;
  const ValueId old = graph.ops[op].inputs[slot];
  int readers = 0;
  for (const Op& reader : graph.ops) readers += static_cast<int>(std::ranges::count(reader.inputs, old));
  if (readers == 1) {
    graph.value(old).constant = std::move(tensor);
    return;
  }
  const ValueId own = graph.add_constant(graph.fresh_name(graph.value(old).name), std::move(tensor));
  assignment.stored.push_back(false);
  assignment.wide.push_back(false);
  assignment.group.push_back(own);
  graph.ops[op].inputs[slot] = own;
}

}  // namespace quern
