#include "measure/calibrate/graph_walk.h"

#include "base/error.h"

#include <algorithm>

namespace quern {

std::vector<ValueId> changing_inputs(const Graph& graph, const Op& op) {
  std::vector<ValueId> ids;
  for (ValueId id : op.inputs) {
    if (id != kNoValue && !graph.is_constant(id) && std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
  }
  return ids;
}

std::vector<ValueId> present_outputs(const Op& op) {
  std::vector<ValueId> ids;
  std::ranges::copy_if(op.outputs, std::back_inserter(ids), [](ValueId id) { return id != kNoValue; });
  return ids;
}

std::vector<std::vector<ValueId>> last_uses(const Graph& graph) {
  std::vector<std::vector<ValueId>> dead(graph.ops.size());
  std::vector<bool> needed(graph.values.size(), false);
  for (ValueId id : graph.outputs) needed[static_cast<size_t>(id)] = true;
  for (size_t i = graph.ops.size(); i-- > 0;) {
    const auto meet = [&](ValueId id) {
      if (id == kNoValue || graph.is_constant(id) || needed[static_cast<size_t>(id)]) return;
      needed[static_cast<size_t>(id)] = true;
      dead[i].push_back(id);
    };
    std::ranges::for_each(graph.ops[i].inputs, meet);
    std::ranges::for_each(graph.ops[i].outputs, meet);
  }
  return dead;
}

bool is_open_edge(const Graph& graph, const Op& op) {
  return (op.kind == OpKind::Quantize || op.kind == OpKind::Dequantize) &&
         graph.value(op.inputs[0]).dtype == DType::float32 && graph.value(op.outputs[0]).dtype == DType::float32;
}

Result<GraphWalk> GraphWalk::create(const Graph& graph, const SessionOptions& options) {
  GraphWalk walk(graph);
  for (const Op& op : graph.ops) {
    if (is_open_edge(graph, op)) {
      walk.operators_.emplace_back();
      continue;
    }
    QUERN_TRY(OneOperator one, OneOperator::create(graph, op, options));
    walk.operators_.emplace_back(std::move(one));
  }
  return walk;
}

Status GraphWalk::step(size_t index, std::map<ValueId, Tensor>& live, const See& see) {
  const Op& op = graph_->ops[index];
  const std::vector<ValueId> outputs = present_outputs(op);
  if (!operators_[index]) {
    live[outputs[0]] = live.at(op.inputs[0]);
  } else {
    std::vector<Tensor> inputs;
    for (ValueId id : changing_inputs(*graph_, op)) inputs.push_back(live.at(id));
    QUERN_TRY(std::vector<Tensor> results, operators_[index]->run(inputs));
    for (size_t i = 0; i < outputs.size(); ++i) live[outputs[i]] = std::move(results[i]);
  }
  for (ValueId id : outputs) see(id, live.at(id));
  for (ValueId id : dead_after_[index]) live.erase(id);
  return {};
}

Status GraphWalk::run(const std::vector<Tensor>& inputs, const See& see) {
  std::map<ValueId, Tensor> live;
  for (size_t i = 0; i < inputs.size(); ++i) {
    live[graph_->inputs[i]] = inputs[i];
    see(graph_->inputs[i], inputs[i]);
  }
  for (size_t i = 0; i < graph_->ops.size(); ++i) QUERN_CHECK(step(i, live, see));
  return {};
}

}  // namespace quern
