// Extents as numbers: what is computed from shapes alone becomes a constant, so that Shape -> Gather -> Concat ->
// Reshape needs no data.
#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "graph/infer.h"

namespace quern {

namespace {

Status make_constant(Graph& graph, ValueId id, const Ints& numbers) {
  Value& value = graph.value(id);
  QUERN_TRY(Tensor tensor, Tensor::make(value.dtype, value.shape));
  if (value.dtype == DType::int32) {
    std::transform(numbers.begin(), numbers.end(), tensor.mutable_data<int32_t>().begin(),
                   [](int64_t n) { return static_cast<int32_t>(n); });
  } else {
    std::copy(numbers.begin(), numbers.end(), tensor.mutable_data<int64_t>().begin());
  }
  value.constant = std::move(tensor);
  return {};
}

}  // namespace

Result<bool> fold_extents(Graph& graph, const Op& op) {
  if (op.kind != OpKind::Shape && op.kind != OpKind::Size) return false;
  const Shape& x = graph.value(op.inputs[0]).shape;
  if (op.kind == OpKind::Size) {
    QUERN_TRY(const int64_t count, element_count(x));
    QUERN_CHECK(make_constant(graph, op.outputs[0], {count}));
  } else {
    const auto& a = std::get<ShapeOfAttrs>(op.attrs);
    QUERN_CHECK(make_constant(graph, op.outputs[0], Ints(x.begin() + a.start, x.begin() + std::max(a.start, a.end))));
  }
  return true;
}

}  // namespace quern
