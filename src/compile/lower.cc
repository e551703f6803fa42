#include "compile/lower.h"

namespace quern {

namespace {

void lower_values(const Graph& graph, Plan& plan) {
  for (const Value& value : graph.values) {
    PlanValue lowered{value.name, value.dtype, value.shape, value.quantization};
    int64_t count = 1;
    for (int64_t extent : value.shape) count *= extent;
    lowered.bytes = count * static_cast<int64_t>(size_of(value.dtype));
    if (value.constant) {
      lowered.constant = static_cast<int>(plan.constants.size());
      plan.constants.push_back(*value.constant);
    }
    plan.values.push_back(std::move(lowered));
  }
}

/// True when the operator's output is its input's bytes under another shape.
bool is_view(const Graph& graph, const Op& op) {
  if (op.kind != OpKind::Reshape && op.kind != OpKind::Identity) return false;
  const Value& input = graph.value(op.inputs[0]);
  const Value& output = graph.value(op.outputs[0]);
  return !input.constant && input.dtype == output.dtype && input.quantization == output.quantization;
}

}  // namespace

LoweredPlan lower(const Graph& graph, Arithmetic arithmetic) {
  LoweredPlan lowered;
  Plan& plan = lowered.plan;
  plan.name = graph.name;
  plan.arithmetic = arithmetic;
  lower_values(graph, plan);
  plan.inputs.assign(graph.inputs.begin(), graph.inputs.end());
  plan.outputs.assign(graph.outputs.begin(), graph.outputs.end());
  for (size_t i = 0; i < plan.values.size(); ++i) lowered.alias.push_back(static_cast<int>(i));
  for (const Op& op : graph.ops) {
    if (is_view(graph, op)) {
      lowered.alias[static_cast<size_t>(op.outputs[0])] = lowered.alias[static_cast<size_t>(op.inputs[0])];
      continue;
    }
    plan.steps.push_back({op.kind,
                          op.name,
                          op.source_kind.empty() ? std::string(info(op.kind).name) : op.source_kind,
                          op.attrs,
                          {op.inputs.begin(), op.inputs.end()},
                          {op.outputs.begin(), op.outputs.end()},
                          macs(graph, op)});
  }
  return lowered;
}

}  // namespace quern
