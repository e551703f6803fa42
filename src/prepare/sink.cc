#include "prepare/sink.h"

#include <algorithm>
#include <numeric>

namespace quern {

namespace {

using Plan = std::optional<SinkPlan>;
using Planner = Plan (*)(const Graph& graph, const Op& op, const Perm& perm);

size_t at(int64_t index) {
  return static_cast<size_t>(index);
}

/// The file's axis as an axis of x.
int64_t mapped(int64_t axis, const Perm& perm) {
  return perm[at(axis < 0 ? axis + static_cast<int64_t>(perm.size()) : axis)];
}

Ints mapped_all(const Ints& axes, const Perm& perm) {
  Ints result;
  for (int64_t axis : axes) result.push_back(mapped(axis, perm));
  return result;
}

Ints all_axes(size_t rank) {
  Ints axes(rank);
  std::iota(axes.begin(), axes.end(), int64_t{0});
  return axes;
}

/// Numbers listed by the file's axes, listed by the axes of x.
template <typename T>
std::vector<T> by_new_axes(const std::vector<T>& numbers, const Perm& perm) {
  std::vector<T> result(numbers.size());
  for (size_t i = 0; i < perm.size(); ++i) result[at(perm[i])] = numbers[i];
  return result;
}

SinkPlan plan_of(const Op& op, Attrs attrs, const Perm& perm) {
  return SinkPlan{std::move(attrs), std::vector<Perm>(op.outputs.size(), perm), false};
}

Plan element_wise(const Graph&, const Op& op, const Perm& perm) {
  return plan_of(op, op.attrs, perm);
}

Plan broadcast(const Graph& graph, const Op& op, const Perm& perm) {
  if (graph.value(op.outputs[0]).shape.size() != perm.size()) return std::nullopt;
  SinkPlan plan = plan_of(op, op.attrs, perm);
  plan.all_inputs = true;
  return plan;
}

/// Operators whose only axis is `axis`.
template <typename A>
Plan along_axis(const Graph&, const Op& op, const Perm& perm) {
  A attrs = std::get<A>(op.attrs);
  attrs.axis = mapped(attrs.axis, perm);
  return plan_of(op, attrs, perm);
}

Plan concat(const Graph& graph, const Op& op, const Perm& perm) {
  Plan plan = along_axis<AxisAttrs>(graph, op, perm);
  plan->all_inputs = true;
  return plan;
}

/// InstanceNorm averages every axis but 0 and its own.
Plan instance_norm(const Graph& graph, const Op& op, const Perm& perm) {
  if (perm[0] != 0) return std::nullopt;
  return along_axis<NormAttrs>(graph, op, perm);
}

/// LayerNorm's axes are the last ones and its scale lies along them: only the axes before may move.
Plan layer_norm(const Graph&, const Op& op, const Perm& perm) {
  const int64_t rank = static_cast<int64_t>(perm.size());
  const int64_t axis = std::get<NormAttrs>(op.attrs).axis;
  for (int64_t i = axis < 0 ? axis + rank : axis; i < rank; ++i) {
    if (perm[at(i)] != i) return std::nullopt;
  }
  return plan_of(op, op.attrs, perm);
}

Plan mean_variance_norm(const Graph&, const Op& op, const Perm& perm) {
  return plan_of(op, AxesAttrs{mapped_all(std::get<AxesAttrs>(op.attrs).axes, perm)}, perm);
}

/// FullyConnected works along the last axis.
Plan last_axis_stays(const Graph&, const Op& op, const Perm& perm) {
  if (perm.back() != static_cast<int64_t>(perm.size()) - 1) return std::nullopt;
  return plan_of(op, op.attrs, perm);
}

/// What is left of a permutation when axes of x disappear from the output.
Perm without_axes(const Perm& perm, const Ints& gone) {
  const auto is_gone = [&](int64_t axis) { return std::find(gone.begin(), gone.end(), axis) != gone.end(); };
  Perm rest;
  for (int64_t axis : perm) {
    if (is_gone(axis)) continue;
    const auto gone_before = std::count_if(gone.begin(), gone.end(), [axis](int64_t g) { return g < axis; });
    rest.push_back(axis - gone_before);
  }
  return rest;
}

Plan reduce(const Graph&, const Op& op, const Perm& perm) {
  auto attrs = std::get<ReduceAttrs>(op.attrs);
  if (attrs.axes.empty() && attrs.noop_with_empty_axes) return plan_of(op, attrs, perm);
  attrs.axes = attrs.axes.empty() ? all_axes(perm.size()) : mapped_all(attrs.axes, perm);
  std::sort(attrs.axes.begin(), attrs.axes.end());
  return plan_of(op, attrs, attrs.keep_dims ? perm : without_axes(perm, attrs.axes));
}

Plan arg_reduce(const Graph&, const Op& op, const Perm& perm) {
  auto attrs = std::get<ArgAttrs>(op.attrs);
  attrs.axis = mapped(attrs.axis, perm);
  return plan_of(op, attrs, attrs.keep_dims ? perm : without_axes(perm, {attrs.axis}));
}

Plan slice(const Graph&, const Op& op, const Perm& perm) {
  auto attrs = std::get<SliceAttrs>(op.attrs);
  attrs.axes = mapped_all(attrs.axes.empty() ? all_axes(attrs.starts.size()) : attrs.axes, perm);
  return plan_of(op, attrs, perm);
}

Plan pad(const Graph&, const Op& op, const Perm& perm) {
  auto attrs = std::get<PadAttrs>(op.attrs);
  const size_t rank = perm.size();
  const Ints axes = attrs.axes.empty() ? all_axes(rank) : attrs.axes;
  Ints pads(2 * rank, 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    const size_t axis = at(mapped(axes[i], perm));
    pads[axis] = attrs.pads[i];
    pads[axis + rank] = attrs.pads[i + axes.size()];
  }
  attrs.pads = std::move(pads);
  attrs.axes.clear();
  return plan_of(op, attrs, perm);
}

Plan expand(const Graph&, const Op& op, const Perm& perm) {
  const auto& shape = std::get<ShapeAttrs>(op.attrs).shape;
  if (shape.size() != perm.size()) return std::nullopt;
  return plan_of(op, ShapeAttrs{by_new_axes(shape, perm)}, perm);
}

Plan tile(const Graph&, const Op& op, const Perm& perm) {
  return plan_of(op, TileAttrs{by_new_axes(std::get<TileAttrs>(op.attrs).repeats, perm)}, perm);
}

/// infer has filled sizes and scales for all axes.
Plan resize(const Graph&, const Op& op, const Perm& perm) {
  auto attrs = std::get<ResizeAttrs>(op.attrs);
  const size_t rank = perm.size();
  if (attrs.sizes.size() != rank || attrs.scales.size() != rank) return std::nullopt;
  if (!attrs.axes.empty() && attrs.axes != all_axes(rank)) return std::nullopt;
  if (!attrs.roi.empty()) {
    if (attrs.roi.size() != 2 * rank) return std::nullopt;
    const auto middle = attrs.roi.begin() + static_cast<std::ptrdiff_t>(rank);
    std::vector<float> begins = by_new_axes(std::vector<float>(attrs.roi.begin(), middle), perm);
    const std::vector<float> ends = by_new_axes(std::vector<float>(middle, attrs.roi.end()), perm);
    begins.insert(begins.end(), ends.begin(), ends.end());
    attrs.roi = std::move(begins);
  }
  attrs.sizes = by_new_axes(attrs.sizes, perm);
  attrs.scales = by_new_axes(attrs.scales, perm);
  return plan_of(op, attrs, perm);
}

/// The gathered axis is replaced by the axes of the indices. Axes get numbers that survive: those of x, and from 100 on
/// those of the indices.
Plan gather(const Graph& graph, const Op& op, const Perm& perm) {
  constexpr int64_t kIndexAxis = 100;
  auto attrs = std::get<AxisAttrs>(op.attrs);
  const int64_t axis = mapped(attrs.axis, perm);
  const size_t index_rank = graph.value(op.inputs[1]).shape.size();
  const auto output_axes = [&](const Ints& input_axes) {
    Ints axes;
    for (int64_t a : input_axes) {
      if (a != axis) axes.push_back(a);
      for (size_t i = 0; a == axis && i < index_rank; ++i) axes.push_back(kIndexAxis + static_cast<int64_t>(i));
    }
    return axes;
  };
  const Ints before = output_axes(perm);
  const Ints after = output_axes(all_axes(perm.size()));
  Perm output;
  for (int64_t a : before) output.push_back(std::find(after.begin(), after.end(), a) - after.begin());
  attrs.axis = axis;
  return plan_of(op, attrs, output);
}

struct Row {
  OpKind kind;
  Planner planner;
};

// Kinds beside the families unary, binary and reduce, whose members are all alike.
constexpr Row kRows[] = {
    {OpKind::FullyConnected, last_axis_stays},
    {OpKind::ArgMax, arg_reduce},
    {OpKind::ArgMin, arg_reduce},
    {OpKind::Softmax, along_axis<SoftmaxAttrs>},
    {OpKind::LogSoftmax, along_axis<SoftmaxAttrs>},
    {OpKind::BatchNorm, along_axis<NormAttrs>},
    {OpKind::InstanceNorm, instance_norm},
    {OpKind::LayerNorm, layer_norm},
    {OpKind::MeanVarianceNorm, mean_variance_norm},
    {OpKind::LpNorm, along_axis<LpNormAttrs>},
    {OpKind::Lrn, along_axis<LrnAttrs>},
    {OpKind::CumSum, along_axis<CumSumAttrs>},
    {OpKind::TopK, along_axis<TopKAttrs>},
    {OpKind::Concat, concat},
    {OpKind::Split, along_axis<SplitAttrs>},
    {OpKind::Slice, slice},
    {OpKind::Pad, pad},
    {OpKind::Expand, expand},
    {OpKind::Tile, tile},
    {OpKind::Gather, gather},
    {OpKind::Resize, resize},
    {OpKind::Identity, element_wise},
    {OpKind::Cast, element_wise},
    {OpKind::Quantize, element_wise},
    {OpKind::Dequantize, element_wise},
};

Planner planner_of(OpKind kind) {
  for (const Row& row : kRows) {
    if (row.kind == kind) return row.planner;
  }
  switch (info(kind).family) {
    case OpFamily::unary:
      return element_wise;
    case OpFamily::binary:
      return broadcast;
    case OpFamily::reduce:
      return reduce;
    default:
      return nullptr;
  }
}

}  // namespace

std::optional<SinkPlan> plan_sink(const Graph& graph, const Op& op, const Perm& perm) {
  const Planner planner = planner_of(op.kind);
  if (planner == nullptr || perm.empty()) return std::nullopt;
  return planner(graph, op, perm);
}

}  // namespace quern
