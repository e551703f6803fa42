// The inputs and outputs of a full-integer graph.
#include <algorithm>
#include <optional>

#include "base/error.h"
#include "prepare/relayout.h"
#include "quantize/full_integer.h"

namespace quern {

namespace {

const Perm kToLast = {0, 2, 3, 1};
const Perm kToFirst = {0, 3, 1, 2};

void remove_op(Graph& graph, const Op* op) {
  graph.ops.erase(graph.ops.begin() + (op - graph.ops.data()));
}

/// `inner` becomes the graph's edge under the name that `outer` had.
void take_place(Graph& graph, std::vector<ValueId>& edges, ValueId outer, ValueId inner) {
  std::ranges::replace(edges, outer, inner);
  std::swap(graph.value(outer).name, graph.value(inner).name);
}

/// The one operator that reads an input, when it is one and no output shows the input as it is.
const Op* only_reader(const Graph& graph, ValueId id) {
  const Uses uses(graph);
  const auto& readers = uses.consumers[static_cast<size_t>(id)];
  if (readers.size() != 1 || uses.is_output[static_cast<size_t>(id)]) return nullptr;
  return &graph.ops[static_cast<size_t>(readers[0])];
}

const Op* maker_of(const Graph& graph, ValueId id) {
  const int maker = Uses(graph).producer[static_cast<size_t>(id)];
  return maker < 0 ? nullptr : &graph.ops[static_cast<size_t>(maker)];
}

bool is_edge(const Graph& graph, ValueId id) {
  return std::ranges::find(graph.inputs, id) != graph.inputs.end() ||
         std::ranges::find(graph.outputs, id) != graph.outputs.end();
}

/// Whether the operator gives the elements of `from` in the order `perm` of its axes.
bool turns(const Graph& graph, const Op& op, const Perm& perm) {
  const Shape& from = graph.value(op.inputs[0]).shape;
  if (from.size() != 4) return false;
  if (op.kind == OpKind::Transpose) return std::get<TransposeAttrs>(op.attrs).perm == perm;
  return op.kind == OpKind::Reshape && graph.value(op.outputs[0]).shape == permuted_shape(from, perm) &&
         moves_only_ones(from, perm) && graph.value(op.outputs[0]).shape != from;
}

std::string said(const Graph& graph, const char* what, ValueId before, ValueId after) {
  return fmt::format("{} '{}' is {} here, channels last as TFLite's are; it is {} in the model that was read", what,
                     graph.value(after).name, to_string(graph.value(after).shape),
                     to_string(graph.value(before).shape));
}

}  // namespace

void make_edges_integer(Graph& graph, std::vector<std::string>& notes) {
  for (const ValueId id : std::vector<ValueId>(graph.inputs)) {
    const Op* op = only_reader(graph, id);
    if (op == nullptr || op->kind != OpKind::Quantize) continue;
    const ValueId inner = op->outputs[0];
    remove_op(graph, op);
    take_place(graph, graph.inputs, id, inner);
  }
  for (const ValueId id : std::vector<ValueId>(graph.outputs)) {
    const Op* op = maker_of(graph, id);
    const Value& value = graph.value(id);
    if (op != nullptr && op->kind == OpKind::Dequantize && !is_edge(graph, op->inputs[0]) &&
        Uses(graph).consumers[static_cast<size_t>(id)].empty()) {
      const ValueId inner = op->inputs[0];
      remove_op(graph, op);
      take_place(graph, graph.outputs, id, inner);
    } else if (value.dtype == DType::float32) {
      const std::string note = fmt::format("output '{}' stays float32", value.name);
      const bool told = std::ranges::any_of(notes, [&](const std::string& other) { return other.starts_with(note); });
      if (!told) notes.push_back(note);
    }
  }
  compact(graph);
}

void make_edges_channels_last(Graph& graph, std::vector<std::string>& notes) {
  for (const ValueId id : std::vector<ValueId>(graph.inputs)) {
    const Op* op = only_reader(graph, id);
    if (op == nullptr || !turns(graph, *op, kToLast)) continue;
    const ValueId inner = op->outputs[0];
    remove_op(graph, op);
    take_place(graph, graph.inputs, id, inner);
    notes.push_back(said(graph, "input", id, inner));
  }
  for (const ValueId id : std::vector<ValueId>(graph.outputs)) {
    const Op* op = maker_of(graph, id);
    if (op == nullptr || !turns(graph, *op, kToFirst) || is_edge(graph, op->inputs[0])) continue;
    if (!Uses(graph).consumers[static_cast<size_t>(id)].empty()) continue;
    const ValueId inner = op->inputs[0];
    remove_op(graph, op);
    take_place(graph, graph.outputs, id, inner);
    notes.push_back(said(graph, "output", id, inner));
  }
  compact(graph);
}

}  // namespace quern
