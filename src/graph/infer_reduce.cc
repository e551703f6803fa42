// Over named axes, and along one axis with the shape kept.
#include <algorithm>
#include <numeric>

#include "graph/infer_rules.h"

namespace quern::infer_rules {

namespace {

/// `shape` with the axes set to 1 or dropped. Axes are normalized.
Shape reduced(const Shape& shape, const Ints& axes, bool keep_dims) {
  Shape out;
  for (size_t i = 0; i < shape.size(); ++i) {
    const bool hit = std::find(axes.begin(), axes.end(), static_cast<int64_t>(i)) != axes.end();
    if (!hit) {
      out.push_back(shape[i]);
    } else if (keep_dims) {
      out.push_back(1);
    }
  }
  return out;
}

/// int64 as ONNX has it, unless the file declared TFLite's int32.
DType index_type(const InferCall& call, size_t output) {
  return call.declared(output) == DType::int32 ? DType::int32 : DType::int64;
}

/// That input i has as many elements as the axis has extents.
Status need_one_each(const InferCall& call, size_t i, int64_t extent) {
  if (call.shape(i) == Shape{extent}) return {};
  return call.wrong("its input '{}' has the shape {}, but the axis has {} extents", call.input(i).name,
                    to_string(call.shape(i)), extent);
}

}  // namespace

Status reduce(InferCall& call) {
  auto& a = call.attrs<ReduceAttrs>();
  if (call.has(1)) {
    QUERN_TRY(a.axes, call.int_parameter(1, "axes"));
  }
  QUERN_CHECK(call.normalize_axes(a.axes, call.rank(0)));
  if (a.axes.empty() && !a.noop_with_empty_axes) {
    a.axes.resize(call.shape(0).size());
    std::iota(a.axes.begin(), a.axes.end(), 0);
  }
  std::sort(a.axes.begin(), a.axes.end());
  return call.give(reduced(call.shape(0), a.axes, a.keep_dims), call.dtype(0));
}

Status arg_reduce(InferCall& call) {
  auto& a = call.attrs<ArgAttrs>();
  QUERN_CHECK(call.normalize_axis(a.axis, call.rank(0)));
  if (call.shape(0)[static_cast<size_t>(a.axis)] == 0) return call.wrong("axis {} is empty and has no extreme", a.axis);
  return call.give_plain(reduced(call.shape(0), {a.axis}, a.keep_dims), index_type(call, 0));
}

Status softmax(InferCall& call) {
  QUERN_CHECK(call.normalize_axis(call.attrs<SoftmaxAttrs>().axis, call.rank(0)));
  return call.give_same();
}

Status channel_norm(InferCall& call) {
  auto& a = call.attrs<NormAttrs>();
  QUERN_CHECK(call.normalize_axis(a.axis, call.rank(0)));
  for (size_t i = 1; i < call.input_count(); ++i) {
    if (call.has(i)) QUERN_CHECK(need_one_each(call, i, call.shape(0)[static_cast<size_t>(a.axis)]));
  }
  return call.give_same();
}

Status layer_norm(InferCall& call) {
  auto& a = call.attrs<NormAttrs>();
  QUERN_CHECK(call.normalize_axis(a.axis, call.rank(0)));
  const Shape normalized(call.shape(0).begin() + a.axis, call.shape(0).end());
  for (size_t i = 1; i < call.input_count(); ++i) {
    if (call.has(i) && broadcast(normalized, call.shape(i)) != normalized) {
      return call.wrong("its input '{}' has the shape {}, but the normalized axes have the shape {}",
                        call.input(i).name, to_string(call.shape(i)), to_string(normalized));
    }
  }
  return call.give_same();
}

Status mean_variance_norm(InferCall& call) {
  QUERN_CHECK(call.normalize_axes(call.attrs<AxesAttrs>().axes, call.rank(0)));
  return call.give_same();
}

Status lp_norm(InferCall& call) {
  auto& a = call.attrs<LpNormAttrs>();
  if (a.p != 1 && a.p != 2) return call.cannot("p {} is neither 1 nor 2", a.p);
  QUERN_CHECK(call.normalize_axis(a.axis, call.rank(0)));
  return call.give_same();
}

Status lrn(InferCall& call) {
  auto& a = call.attrs<LrnAttrs>();
  if (a.size < 1) return call.wrong("size {} is less than 1", a.size);
  QUERN_CHECK(call.normalize_axis(a.axis, call.rank(0)));
  return call.give_same();
}

Status cumulative_sum(InferCall& call) {
  auto& a = call.attrs<CumSumAttrs>();
  if (call.has(1)) {
    QUERN_TRY(a.axis, call.one_int_parameter(1, "axis"));
  }
  QUERN_CHECK(call.normalize_axis(a.axis, call.rank(0)));
  return call.give_same();
}

Status top_k(InferCall& call) {
  auto& a = call.attrs<TopKAttrs>();
  if (call.has(1)) {
    QUERN_TRY(a.k, call.one_int_parameter(1, "k"));
  }
  QUERN_CHECK(call.normalize_axis(a.axis, call.rank(0)));
  Shape out = call.shape(0);
  int64_t& extent = out[static_cast<size_t>(a.axis)];
  if (a.k < 0 || a.k > extent) return call.wrong("k {} is outside 0…{}, the extent of axis {}", a.k, extent, a.axis);
  extent = a.k;
  QUERN_CHECK(call.give(out, call.dtype(0), 0));
  return call.give_plain(out, index_type(call, 1), 1);
}

}  // namespace quern::infer_rules
