// Infers and folds in one sweep, because each needs the other: the shape input of a Reshape is often computed by
// Shape -> Gather -> Concat, and what comes after the Reshape can be inferred only when that has been folded.

#include <algorithm>

#include "base/error.h"
#include "graph/infer.h"
#include "prepare/evaluate.h"
#include "prepare/prepare.h"

namespace quern {

namespace {

bool is_graph_output(const Graph& graph, ValueId id) {
  return std::find(graph.outputs.begin(), graph.outputs.end(), id) != graph.outputs.end();
}

Tensor extents(const Shape& shape, size_t begin, size_t end) {
  auto tensor = Tensor::make(DType::int64, {static_cast<int64_t>(end - begin)});
  std::copy(shape.begin() + static_cast<std::ptrdiff_t>(begin), shape.begin() + static_cast<std::ptrdiff_t>(end),
            tensor->mutable_data<int64_t>().begin());
  return *std::move(tensor);
}

/// ONNX's clamping of Shape's start and end: negative counts from the back.
size_t clamped_axis(int64_t axis, int64_t rank) {
  if (axis < 0) axis += rank;
  return static_cast<size_t>(std::clamp<int64_t>(axis, 0, rank));
}

/// Shape and Size know their result from the input's shape alone, whatever its elements are.
bool fold_extents(Graph& graph, const Op& op) {
  if (op.kind != OpKind::Shape && op.kind != OpKind::Size) return false;
  const Value& input = graph.value(op.inputs[0]);
  if (!input.shape_known || is_graph_output(graph, op.outputs[0])) return false;
  const int64_t rank = static_cast<int64_t>(input.shape.size());
  if (op.kind == OpKind::Shape) {
    const auto& attrs = std::get<ShapeOfAttrs>(op.attrs);
    const size_t begin = clamped_axis(attrs.start, rank);
    const size_t end = std::max(begin, clamped_axis(attrs.end, rank));
    graph.value(op.outputs[0]).constant = extents(input.shape, begin, end);
    return true;
  }
  const auto count = element_count(input.shape);
  if (!count.ok()) return false;
  graph.value(op.outputs[0]).constant = Tensor::of<int64_t>({}, {*count});
  return true;
}

}  // namespace

Result<bool> fix_shapes(Graph& graph) {
  std::vector<Op> kept;
  bool changed = false;
  for (Op& op : graph.ops) {
    QUERN_CHECK(infer_op(graph, op));
    if (fold_extents(graph, op) || (can_fold(graph, op) && fold(graph, op))) {
      changed = true;
    } else {
      kept.push_back(std::move(op));
    }
  }
  graph.ops = std::move(kept);
  return changed;
}

}  // namespace quern
