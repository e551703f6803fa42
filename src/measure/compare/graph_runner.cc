#include "measure/compare/graph_runner.h"

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

/// A Quantize or Dequantize of a graph whose stored values were made float.
bool passes_through(const Graph& graph, const Op& op) {
  return (op.kind == OpKind::Quantize || op.kind == OpKind::Dequantize) &&
         graph.value(op.inputs[0]).dtype == DType::float32 && graph.value(op.outputs[0]).dtype == DType::float32;
}

Result<std::unique_ptr<Kernel>> kernel_of(const Graph& graph, const Op& op, const OpCall& call) {
  if (passes_through(graph, op)) return std::unique_ptr<Kernel>();
  auto chosen = choose_kernel(call, best_isa());
  if (chosen.ok()) return std::move(chosen->kernel);
  Error error = chosen.error();
  error.message = fmt::format("{} '{}': {}", op.source_kind, op.name, error.message);
  error.op = op.name;
  error.kind = op.source_kind;
  return error;
}

/// Arrays for the outputs, and their addresses.
Status run_kernel(const Graph& graph, const Op& op, const Kernel& kernel, const std::vector<const void*>& in,
                  ThreadPool& pool, std::vector<Tensor>& results) {
  std::vector<void*> out;
  for (ValueId id : op.outputs) {
    results.emplace_back();
    if (id != kNoValue) {
      QUERN_TRY(results.back(), Tensor::make(graph.value(id).dtype, graph.value(id).shape));
      results.back().quantization = graph.value(id).quantization;
    }
    out.push_back(id == kNoValue ? nullptr : results.back().mutable_raw());
  }
  const ThreadPool::Hot hot(pool);
  kernel.run({in, out}, pool);
  return {};
}

}  // namespace

Result<GraphRunner> GraphRunner::create(std::shared_ptr<const Graph> graph, std::shared_ptr<ThreadPool> pool) {
  GraphRunner runner(std::move(graph), std::move(pool));
  for (const Op& op : runner.graph_->ops) {
    QUERN_TRY(std::unique_ptr<Kernel> kernel, kernel_of(*runner.graph_, op, call_of(*runner.graph_, op)));
    runner.kernels_.push_back(std::move(kernel));
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
  for (size_t i = 0; i < kernels_.size(); ++i) QUERN_CHECK(step(i, values));
  return values;
}

Status GraphRunner::step(size_t index, RunValues& values) const {
  const Op& op = graph_->ops[index];
  if (kernels_[index] == nullptr) {
    values[static_cast<size_t>(op.outputs[0])] = values[static_cast<size_t>(op.inputs[0])];
    return {};
  }
  std::vector<const void*> in;
  for (ValueId id : op.inputs) {
    if (id == kNoValue) {
      in.push_back(nullptr);
    } else {
      in.push_back(graph_->is_constant(id) ? graph_->value(id).constant->raw() : values[static_cast<size_t>(id)].raw());
    }
  }
  std::vector<Tensor> results;
  QUERN_CHECK(run_kernel(*graph_, op, *kernels_[index], in, *pool_, results));
  for (size_t i = 0; i < op.outputs.size(); ++i) {
    if (op.outputs[i] != kNoValue) values[static_cast<size_t>(op.outputs[i])] = std::move(results[i]);
  }
  return {};
}

Result<std::vector<Tensor>> run_operator(const Graph& graph, const Op& op, const std::vector<const Tensor*>& inputs,
                                         ThreadPool& pool) {
  OpCall call = call_of(graph, op);
  std::vector<const void*> in;
  for (size_t i = 0; i < inputs.size(); ++i) {
    in.push_back(inputs[i] == nullptr ? nullptr : inputs[i]->raw());
    if (call.inputs[i].constant != nullptr) call.inputs[i].constant = in.back();
  }
  QUERN_TRY(const std::unique_ptr<Kernel> kernel, kernel_of(graph, op, call));
  if (kernel == nullptr) return std::vector<Tensor>{*inputs[0]};
  std::vector<Tensor> results;
  QUERN_CHECK(run_kernel(graph, op, *kernel, in, pool, results));
  return results;
}

}  // namespace quern
