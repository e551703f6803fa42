#include "prepare/evaluate.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/threads.h"
#include "kernels/kernel.h"
#include "prepare/parameters.h"

namespace quern {

namespace {

Operand operand_of(const Value& value, const Tensor* tensor) {
  Operand operand;
  operand.dtype = value.dtype;
  operand.shape = value.shape;
  operand.quantization = value.quantization;
  operand.constant = value.constant.has_value() && tensor != nullptr ? tensor->raw() : nullptr;
  return operand;
}

OpCall call_of(const Graph& graph, const Op& op, const std::vector<const Tensor*>& inputs) {
  OpCall call;
  call.kind = op.kind;
  call.attrs = op.attrs;
  for (size_t i = 0; i < op.inputs.size(); ++i) {
    Operand operand;
    operand.present = op.inputs[i] != kNoValue && !is_parameter(op.kind, i);
    if (operand.present) operand = operand_of(graph.value(op.inputs[i]), inputs[i]);
    call.inputs.push_back(std::move(operand));
  }
  for (ValueId id : op.outputs) {
    Operand operand;
    operand.present = id != kNoValue;
    if (operand.present) operand = operand_of(graph.value(id), nullptr);
    call.outputs.push_back(std::move(operand));
  }
  return call;
}

int64_t bytes_of(const Value& value) {
  const auto count = element_count(value.shape);
  return count.ok() ? *count * static_cast<int64_t>(size_of(value.dtype)) : Tensor::kMaxBytes;
}

/// Copies a block of `source` for every index of the axes from `axis` on.
void copy_permuted(const std::byte* source, std::byte*& out, const Shape& shape, const std::vector<int64_t>& strides,
                   size_t axis, size_t element) {
  if (axis == shape.size()) {
    std::memcpy(out, source, element);
    out += element;
    return;
  }
  for (int64_t i = 0; i < shape[axis]; ++i) {
    copy_permuted(source + i * strides[axis], out, shape, strides, axis + 1, element);
  }
}

}  // namespace

Result<std::vector<Tensor>> evaluate(const Graph& graph, const Op& op, const std::vector<const Tensor*>& inputs,
                                     const EvaluateOptions& options) {
  OpCall call = call_of(graph, op, inputs);
  call.arithmetic = options.arithmetic;
  QUERN_TRY(const ChosenKernel chosen, choose_kernel(call, options.isa));
  std::vector<Tensor> results;
  for (const Operand& operand : call.outputs) {
    if (!operand.present) {
      results.emplace_back();
      continue;
    }
    QUERN_TRY(Tensor tensor, Tensor::make(operand.dtype, operand.shape));
    tensor.quantization = operand.quantization;
    results.push_back(std::move(tensor));
  }
  std::vector<const void*> in;
  for (size_t i = 0; i < call.inputs.size(); ++i) in.push_back(call.inputs[i].present ? inputs[i]->raw() : nullptr);
  std::vector<void*> out;
  for (size_t i = 0; i < results.size(); ++i)
    out.push_back(call.outputs[i].present ? results[i].mutable_raw() : nullptr);
  ThreadPool pool(1);
  chosen.kernel->run(Buffers{in, out}, pool);
  return results;
}

Result<std::vector<Tensor>> evaluate_graph(const Graph& graph, const std::vector<Tensor>& inputs,
                                           const EvaluateOptions& options) {
  std::vector<Tensor> values(graph.values.size());
  for (size_t id = 0; id < graph.values.size(); ++id) {
    if (graph.values[id].constant) values[id] = *graph.values[id].constant;
  }
  for (size_t i = 0; i < inputs.size(); ++i) values[static_cast<size_t>(graph.inputs[i])] = inputs[i];
  for (const Op& op : graph.ops) {
    std::vector<const Tensor*> in;
    for (ValueId id : op.inputs) in.push_back(id == kNoValue ? nullptr : &values[static_cast<size_t>(id)]);
    QUERN_TRY(std::vector<Tensor> results, evaluate(graph, op, in, options));
    for (size_t i = 0; i < results.size(); ++i) {
      if (op.outputs[i] != kNoValue) values[static_cast<size_t>(op.outputs[i])] = std::move(results[i]);
    }
  }
  std::vector<Tensor> outputs;
  for (ValueId id : graph.outputs) outputs.push_back(values[static_cast<size_t>(id)]);
  return outputs;
}

bool can_fold(const Graph& graph, const Op& op) {
  int64_t from = 0;
  for (ValueId id : op.inputs) {
    if (id == kNoValue) continue;
    if (!graph.is_constant(id)) return false;
    from += graph.value(id).constant->bytes();
  }
  int64_t to = 0;
  for (ValueId id : op.outputs) {
    if (id == kNoValue) continue;
    if (!graph.value(id).shape_known) return false;
    if (std::find(graph.outputs.begin(), graph.outputs.end(), id) != graph.outputs.end()) return false;
    to += bytes_of(graph.value(id));
  }
  return to <= kFreeFoldBytes || (to <= kMaxFoldedBytes && to / kMaxFoldGrowth <= from);
}

bool Folder::fold(const Op& op) {
  if (!can_fold(graph_, op) || macs(graph_, op) > kMaxFoldedMacs) return false;
  for (ValueId id : op.outputs) {
    if (id != kNoValue) bytes_left_ -= bytes_of(graph_.value(id));
  }
  if (bytes_left_ < 0) return false;
  std::vector<const Tensor*> inputs;
  for (ValueId id : op.inputs) inputs.push_back(id == kNoValue ? nullptr : &*graph_.value(id).constant);
  auto results = evaluate(graph_, op, inputs);
  if (!results.ok()) return false;
  for (size_t i = 0; i < op.outputs.size(); ++i) {
    if (op.outputs[i] != kNoValue) graph_.value(op.outputs[i]).constant = std::move((*results)[i]);
  }
  return true;
}

Result<Tensor> permuted(const Tensor& tensor, const std::vector<int64_t>& perm) {
  std::vector<int64_t> strides(tensor.shape().size());
  int64_t step = static_cast<int64_t>(size_of(tensor.dtype()));
  for (size_t i = strides.size(); i-- > 0;) {
    strides[i] = step;
    step *= tensor.shape()[i];
  }
  Shape shape;
  std::vector<int64_t> steps;
  for (int64_t axis : perm) {
    shape.push_back(tensor.shape()[static_cast<size_t>(axis)]);
    steps.push_back(strides[static_cast<size_t>(axis)]);
  }
  QUERN_TRY(Tensor result, Tensor::make(tensor.dtype(), shape));
  auto* out = static_cast<std::byte*>(result.mutable_raw());
  copy_permuted(static_cast<const std::byte*>(tensor.raw()), out, shape, steps, 0, size_of(tensor.dtype()));
  result.quantization = tensor.quantization;
  if (result.quantization.per_axis()) {
    const auto found = std::find(perm.begin(), perm.end(), int64_t{tensor.quantization.axis});
    result.quantization.axis = static_cast<int>(found - perm.begin());
  }
  return result;
}

}  // namespace quern
