#include "compile/npu/rewrite/rework.h"

namespace quern::npu {

int tail_of(const Graph& graph, int op) {
  const ValueId result = graph.ops[static_cast<size_t>(op)].outputs[0];
  if (graph.value(result).dtype != DType::float32) return op;
  const Uses uses(graph);
  const auto& readers = uses.consumers[static_cast<size_t>(result)];
  if (readers.size() != 1 || uses.is_output[static_cast<size_t>(result)]) return op;
  const Op& reader = graph.ops[static_cast<size_t>(readers[0])];
  const bool turns = reader.kind == OpKind::Quantize || info(reader.kind).family == OpFamily::unary;
  return turns && graph.value(reader.outputs[0]).dtype != DType::float32 ? readers[0] : op;
}

SliceAttrs slice_of(int64_t axis, int64_t begin, int64_t extent) {
  return {{begin}, {begin + extent}, {axis}, {1}};
}

Rework::Rework(const Spot& spot)
    : graph_(spot.graph), op_(static_cast<size_t>(spot.op)), end_(static_cast<size_t>(tail_of(spot.graph, spot.op))) {}

std::string Rework::name(const char* what) const {
  return graph_.ops[op_].name + "/" + what;
}

ValueId Rework::value_like(ValueId other, const char* what) {
  Value value;
  value.name = graph_.fresh_name(graph_.value(other).name + "/" + what);
  value.dtype = graph_.value(other).dtype;
  value.quantization = graph_.value(other).quantization;
  return graph_.add_value(std::move(value));
}

void Rework::before(size_t slot, OpKind kind, Attrs attrs, const char* what) {
  const ValueId read = op().inputs[slot];
  const ValueId made = value_like(read, what);
  graph_.add_op(kind, name(what), {read}, {made}).attrs = std::move(attrs);
  op().inputs[slot] = made;
}

void Rework::behind(OpKind kind, Attrs attrs, const char* what) {
  const ValueId known = graph_.ops[end_].outputs[0];
  const ValueId inner = value_like(known, what);
  graph_.ops[end_].outputs[0] = inner;
  end_ = graph_.ops.size();
  graph_.add_op(kind, name(what), {inner}, {known}).attrs = std::move(attrs);
}

void Rework::keep(int64_t axis, int64_t begin, int64_t extent, const char* what) {
  behind(OpKind::Slice, slice_of(axis, begin, extent), what);
}

void Rework::set_constant(size_t slot, Tensor tensor, const char* what) {
  const std::string wish = operand(slot).name + "/" + what;
  op().inputs[slot] = graph_.add_constant(graph_.fresh_name(wish), std::move(tensor));
}

}  // namespace quern::npu
