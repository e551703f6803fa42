#include "write/tflite/signed_codes.h"

#include <algorithm>

namespace quern::tflite_writer {

namespace {

bool is_unsigned(const Value& value) {
  return value.dtype == DType::uint8 && !value.quantization.empty();
}

bool is_product(OpKind kind) {
  return kind == OpKind::Conv || kind == OpKind::ConvTranspose || kind == OpKind::FullyConnected;
}

void shift(Value& value) {
  value.dtype = DType::int8;
  for (int32_t& zero : value.quantization.zero_points) zero -= 128;
  if (!value.constant) return;
  Tensor moved = *Tensor::make(DType::int8, value.constant->shape());
  std::ranges::transform(value.constant->data<uint8_t>(), moved.mutable_data<int8_t>().begin(),
                         [](uint8_t code) { return static_cast<int8_t>(code - 128); });
  moved.quantization = value.quantization;
  value.constant = std::move(moved);
}

/// The value behind (or before) the edge that takes the edge's place inside the graph.
ValueId inner_of(Graph& graph, ValueId edge) {
  Value inner = graph.value(edge);
  inner.name = graph.fresh_name(inner.name + "_int8");
  inner.symbols.clear();
  shift(inner);
  return graph.add_value(std::move(inner));
}

Op edge_op(const Graph& graph, ValueId from, ValueId to) {
  return {OpKind::Quantize, graph.value(to).name, {from}, {to}, default_attrs(OpKind::Quantize), {}};
}

}  // namespace

bool needs_signed_codes(const Graph& graph) {
  return std::ranges::any_of(graph.ops, [&](const Op& op) {
    if (!is_product(op.kind) || !is_unsigned(graph.value(op.inputs[0]))) return false;
    const Value& weights = graph.value(op.inputs[1]);
    return !weights.quantization.empty() && (weights.dtype == DType::int8 || weights.quantization.per_axis());
  });
}

void make_codes_signed(Graph& graph) {
  std::vector<Op> first;
  std::vector<Op> last;
  std::vector<bool> edge(graph.values.size(), false);
  for (const ValueId id : graph.inputs) {
    if (!is_unsigned(graph.value(id))) continue;
    edge[static_cast<size_t>(id)] = true;
    const ValueId inner = inner_of(graph, id);
    for (Op& op : graph.ops) std::ranges::replace(op.inputs, id, inner);
    first.push_back(edge_op(graph, id, inner));
  }
  for (const ValueId id : graph.outputs) {
    const bool done = static_cast<size_t>(id) < edge.size() && edge[static_cast<size_t>(id)];
    if (done || !is_unsigned(graph.value(id)) || graph.value(id).constant) continue;
    edge[static_cast<size_t>(id)] = true;
    const ValueId inner = inner_of(graph, id);
    for (Op& op : graph.ops) {
      std::ranges::replace(op.inputs, id, inner);
      std::ranges::replace(op.outputs, id, inner);
    }
    last.push_back(edge_op(graph, inner, id));
  }
  for (size_t i = 0; i < edge.size(); ++i) {
    if (!edge[i] && is_unsigned(graph.values[i])) shift(graph.values[i]);
  }
  graph.ops.insert(graph.ops.begin(), first.begin(), first.end());
  graph.ops.insert(graph.ops.end(), last.begin(), last.end());
}

}  // namespace quern::tflite_writer
