#include "measure/graph_runner.h"

#include <algorithm>
#include <thread>

#include "base/error.h"

namespace quern {

namespace {

Operand operand_of(const Graph& graph, ValueId id) {
  Operand operand;
  operand.present = id != kNoValue;
  if (!operand.present) return operand;
  const Value& value = graph.value(id);
  operand.dtype = value.dtype;
  operand.shape = value.shape;
  operand.quantization = value.quantization;
  operand.constant = value.constant ? value.constant->raw() : nullptr;
  return operand;
}

OpCall call_of(const Graph& graph, const Op& op) {
  OpCall call;
  call.kind = op.kind;
  call.attrs = op.attrs;
  for (ValueId id : op.inputs) call.inputs.push_back(operand_of(graph, id));
  for (ValueId id : op.outputs) call.outputs.push_back(operand_of(graph, id));
  return call;
}

}  // namespace

std::shared_ptr<ThreadPool> make_pool(int threads) {
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  return std::make_shared<ThreadPool>(threads > 0 ? threads : cores);
}

bool is_open_edge(const Graph& graph, const Op& op) {
  return (op.kind == OpKind::Quantize || op.kind == OpKind::Dequantize) &&
         graph.value(op.inputs[0]).dtype == DType::float32 && graph.value(op.outputs[0]).dtype == DType::float32;
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

// ---- one operator ----

Result<OperatorRunner> OperatorRunner::create(const Graph& graph, const Op& op) {
  return create(graph, op, call_of(graph, op));
}

Result<OperatorRunner> OperatorRunner::create(const Graph& graph, const Op& op, OpCall call) {
  OperatorRunner runner;
  runner.outputs_ = call.outputs;
  for (ValueId id : op.inputs)
    runner.constants_.push_back(id != kNoValue && graph.is_constant(id) ? *graph.value(id).constant : Tensor());
  if (is_open_edge(graph, op)) return runner;
  auto chosen = choose_kernel(call, best_isa());
  if (chosen.ok()) {
    runner.kernel_ = std::move(chosen->kernel);
    return runner;
  }
  Error error = chosen.error();
  error.message = fmt::format("{} '{}': {}", op.source_kind, op.name, error.message);
  error.op = op.name;
  error.kind = op.source_kind;
  return error;
}

Result<std::vector<Tensor>> OperatorRunner::run(std::span<const Tensor* const> inputs, ThreadPool& pool) const {
  if (kernel_ == nullptr) return std::vector<Tensor>{inputs[0] == nullptr ? constants_[0] : *inputs[0]};
  std::vector<const void*> in;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const void* own = i < constants_.size() && !constants_[i].empty() ? constants_[i].raw() : nullptr;
    in.push_back(inputs[i] == nullptr ? own : inputs[i]->raw());
  }
  std::vector<Tensor> results;
  std::vector<void*> out;
  for (const Operand& output : outputs_) {
    results.emplace_back();
    if (output.present) {
      QUERN_TRY(results.back(), Tensor::make(output.dtype, output.shape));
      results.back().quantization = output.quantization;
    }
    out.push_back(output.present ? results.back().mutable_raw() : nullptr);
  }
  const ThreadPool::Hot hot(pool);
  kernel_->run({in, out}, pool);
  return results;
}

Result<std::vector<Tensor>> run_operator(const Graph& graph, const Op& op, const std::vector<const Tensor*>& inputs,
                                         ThreadPool& pool) {
  OpCall call = call_of(graph, op);
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (call.inputs[i].constant != nullptr) call.inputs[i].constant = inputs[i] == nullptr ? nullptr : inputs[i]->raw();
  }
  QUERN_TRY(const OperatorRunner runner, OperatorRunner::create(graph, op, std::move(call)));
  return runner.run(inputs, pool);
}

// ---- a graph ----

Result<GraphRunner> GraphRunner::create(std::shared_ptr<const Graph> graph, std::shared_ptr<ThreadPool> pool) {
  GraphRunner runner(std::move(graph), std::move(pool));
  for (const Op& op : runner.graph_->ops) {
    QUERN_TRY(OperatorRunner one, OperatorRunner::create(*runner.graph_, op));
    runner.operators_.push_back(std::move(one));
  }
  return runner;
}

Result<RunValues> GraphRunner::feed(const std::vector<Tensor>& inputs) const {
  if (inputs.size() != graph_->inputs.size()) {
    return fail(ErrorCode::invalid_argument, "the model has {} inputs; {} arrays were given", graph_->inputs.size(),
                inputs.size());
  }
  RunValues values(graph_->values.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Value& want = graph_->value(graph_->inputs[i]);
    if (inputs[i].dtype() != want.dtype || inputs[i].shape() != want.shape) {
      return fail(ErrorCode::invalid_argument, "input '{}' is {} {}; the array given is {} {}", want.name,
                  to_string(want.dtype), to_string(want.shape), to_string(inputs[i].dtype()),
                  to_string(inputs[i].shape()));
    }
    Tensor& value = values[static_cast<size_t>(graph_->inputs[i])];
    value = inputs[i];
    value.quantization = want.quantization;
  }
  return values;
}

Result<RunValues> GraphRunner::run(const std::vector<Tensor>& inputs) const {
  QUERN_TRY(RunValues values, feed(inputs));
  for (size_t i = 0; i < operators_.size(); ++i) QUERN_CHECK(step(i, values));
  return values;
}

Status GraphRunner::step(size_t index, RunValues& values) const {
  const Op& op = graph_->ops[index];
  std::vector<const Tensor*> inputs;
  for (ValueId id : op.inputs)
    inputs.push_back(id == kNoValue || graph_->is_constant(id) ? nullptr : &values[static_cast<size_t>(id)]);
  QUERN_TRY(std::vector<Tensor> results, operators_[index].run(inputs, *pool_));
  for (size_t i = 0; i < op.outputs.size(); ++i) {
    if (op.outputs[i] != kNoValue) values[static_cast<size_t>(op.outputs[i])] = std::move(results[i]);
  }
  return {};
}

Status GraphRunner::show(const std::vector<Tensor>& inputs, const See& see) const {
  QUERN_TRY(RunValues values, feed(inputs));
  for (ValueId id : graph_->inputs) see(id, values[static_cast<size_t>(id)]);
  for (size_t i = 0; i < operators_.size(); ++i) {
    QUERN_CHECK(step(i, values));
    for (ValueId id : graph_->ops[i].outputs) {
      if (id != kNoValue) see(id, values[static_cast<size_t>(id)]);
    }
    for (ValueId id : dead_after_[i]) values[static_cast<size_t>(id)] = Tensor();
  }
  return {};
}

}  // namespace quern
