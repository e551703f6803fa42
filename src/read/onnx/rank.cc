// How many axes a value has, told while reading: layouts depend on it, and shapes may not be fixed yet.
#include <algorithm>

#include "read/onnx/context.h"

namespace quern::onnx {

namespace {

struct RankQuestion {
  const Graph& graph;
  const Op& op;
  const std::vector<int>& ranks;

  int in(size_t i) const {
    return i < op.inputs.size() && op.inputs[i] != kNoValue ? ranks[static_cast<size_t>(op.inputs[i])] : -1;
  }
  int widest() const {
    int most = 0;
    for (size_t i = 0; i < op.inputs.size(); ++i) {
      if (in(i) < 0) return -1;
      most = std::max(most, in(i));
    }
    return most;
  }
  /// How many entries the parameter input has, when it is a constant or its shape is known.
  int entries(size_t i) const {
    if (i >= op.inputs.size() || op.inputs[i] == kNoValue) return -1;
    const Value& value = graph.value(op.inputs[i]);
    return value.shape_known && value.shape.size() == 1 ? static_cast<int>(value.shape[0]) : -1;
  }
  template <typename A>
  const A& as() const {
    return std::get<A>(op.attrs);
  }
};

int matmul_rank(int a, int b) {
  if (a < 1 || b < 1) return -1;
  if (a == 1 || b == 1) return std::max(a, b) - 1;
  return std::max(a, b);
}

int reduced_rank(const RankQuestion& q) {
  const auto& attrs = q.as<ReduceAttrs>();
  if (attrs.keep_dims || q.in(0) < 0) return q.in(0);
  if (!attrs.axes.empty()) return q.in(0) - static_cast<int>(attrs.axes.size());
  if (q.op.inputs.size() > 1) return q.entries(1) < 0 ? -1 : q.in(0) - q.entries(1);
  return attrs.noop_with_empty_axes ? q.in(0) : 0;
}

/// Squeeze and Unsqueeze: by how many axes.
int changed_rank(const RankQuestion& q, int sign) {
  const Ints& axes = q.as<AxesAttrs>().axes;
  const int count = axes.empty() ? q.entries(1) : static_cast<int>(axes.size());
  return q.in(0) < 0 || count < 0 ? -1 : q.in(0) + sign * count;
}

int reshaped_rank(const RankQuestion& q) {
  const Ints& shape = q.as<ReshapeAttrs>().shape;
  return q.op.inputs.size() > 1 ? q.entries(1) : static_cast<int>(shape.size());
}

int gathered_rank(const RankQuestion& q) {
  return q.in(0) < 0 || q.in(1) < 0 ? -1 : q.in(0) + q.in(1) - 1;
}

int expanded_rank(const RankQuestion& q) {
  return q.in(0) < 0 || q.entries(1) < 0 ? -1 : std::max(q.in(0), q.entries(1));
}

int moved_rank(const RankQuestion& q) {
  switch (q.op.kind) {
    case OpKind::Reshape:
      return reshaped_rank(q);
    case OpKind::Flatten:
      return 2;
    case OpKind::Squeeze:
      return changed_rank(q, -1);
    case OpKind::Unsqueeze:
      return changed_rank(q, +1);
    case OpKind::Expand:
      return expanded_rank(q);
    case OpKind::Gather:
      return gathered_rank(q);
    case OpKind::GatherElements:
      return q.in(1);
    case OpKind::GatherNd:
      return -1;
    case OpKind::OneHot:
      return q.in(0) < 0 ? -1 : q.in(0) + 1;
    default:
      return q.in(0);
  }
}

int family_rank(const RankQuestion& q) {
  switch (info(q.op.kind).family) {
    case OpFamily::spatial:
      return 4;
    case OpFamily::linear:
      return q.op.kind == OpKind::MatMul ? matmul_rank(q.in(0), q.in(1)) : q.in(0);
    case OpFamily::binary:
      return q.widest();
    case OpFamily::move:
      return moved_rank(q);
    case OpFamily::reduce: {
      if (const auto* arg = std::get_if<ArgAttrs>(&q.op.attrs)) {
        return arg->keep_dims || q.in(0) < 0 ? q.in(0) : q.in(0) - 1;
      }
      return reduced_rank(q);
    }
    case OpFamily::shape:
      if (q.op.kind == OpKind::Size) return 0;
      return q.op.kind == OpKind::Fill ? q.entries(0) : 1;
    case OpFamily::unary:
    case OpFamily::along:
    case OpFamily::convert:
      return q.in(0);
  }
  return -1;
}

}  // namespace

int output_rank(const Graph& graph, const Op& op, const std::vector<int>& ranks) {
  return std::max(-1, family_rank({graph, op, ranks}));
}

}  // namespace quern::onnx
