// Elements picked by index.
#include <algorithm>

#include "graph/infer_rules.h"

namespace quern::infer_rules {

namespace {

Status need_indices(const InferCall& call, size_t i) {
  if (call.dtype(i) == DType::int64 || call.dtype(i) == DType::int32) return {};
  return call.wrong("its indices '{}' are {}, but must be int64 or int32", call.input(i).name,
                    to_string(call.dtype(i)));
}

/// Constant indices are looked at here; those that come with the data, by the kernel.
Status check_constant_indices(const InferCall& call, size_t i, int64_t extent) {
  if (!call.input(i).constant) return {};
  QUERN_TRY(const Ints indices, call.int_parameter(i, "indices"));
  for (int64_t index : indices) {
    if (index < -extent || index >= extent) return call.wrong("index {} is outside an axis of {}", index, extent);
  }
  return {};
}

}  // namespace

Status gather(InferCall& call) {
  int64_t& axis = call.attrs<AxisAttrs>().axis;
  QUERN_CHECK(call.normalize_axis(axis, call.rank(0)));
  QUERN_CHECK(need_indices(call, 1));
  const Shape& x = call.shape(0);
  QUERN_CHECK(check_constant_indices(call, 1, x[static_cast<size_t>(axis)]));
  Shape out(x.begin(), x.begin() + axis);
  out.insert(out.end(), call.shape(1).begin(), call.shape(1).end());
  out.insert(out.end(), x.begin() + axis + 1, x.end());
  return call.give(std::move(out), call.dtype(0));
}

Status gather_elements(InferCall& call) {
  int64_t& axis = call.attrs<AxisAttrs>().axis;
  QUERN_CHECK(call.normalize_axis(axis, call.rank(0)));
  QUERN_CHECK(need_indices(call, 1));
  const Shape& x = call.shape(0);
  const Shape& indices = call.shape(1);
  bool fits = indices.size() == x.size();
  for (size_t i = 0; fits && i < x.size(); ++i) fits = static_cast<int64_t>(i) == axis || indices[i] <= x[i];
  if (!fits) return call.wrong("its indices of shape {} do not fit its input {}", to_string(indices), to_string(x));
  QUERN_CHECK(check_constant_indices(call, 1, x[static_cast<size_t>(axis)]));
  return call.give(indices, call.dtype(0));
}

Status gather_nd(InferCall& call) {
  const int64_t batch = call.attrs<GatherNdAttrs>().batch_dims;
  QUERN_CHECK(need_indices(call, 1));
  const Shape& x = call.shape(0);
  const Shape& indices = call.shape(1);
  const int64_t least = std::min(call.rank(0), call.rank(1));
  if (batch < 0 || batch >= least) return call.wrong("batch_dims {} is outside 0…{}", batch, least - 1);
  if (!std::equal(x.begin(), x.begin() + batch, indices.begin())) {
    return call.wrong("the first {} axes of {} and {} differ", batch, to_string(x), to_string(indices));
  }
  const int64_t depth = indices.back();
  if (depth < 0 || depth > call.rank(0) - batch) {
    return call.wrong("its indices name {} axes, but its input has {} after batch_dims {}", depth, call.rank(0), batch);
  }
  Shape out(indices.begin(), indices.end() - 1);
  out.insert(out.end(), x.begin() + batch + depth, x.end());
  return call.give(std::move(out), call.dtype(0));
}

Status one_hot(InferCall& call) {
  auto& a = call.attrs<OneHotAttrs>();
  if (call.has(1)) {
    QUERN_TRY(const std::vector<double> depth, call.real_parameter(1, "depth"));
    if (depth.size() != 1) return call.wrong("its depth has {} elements instead of one", depth.size());
    const bool fits = depth[0] >= 0 && depth[0] <= static_cast<double>(Tensor::kMaxBytes);
    if (!fits) return call.wrong("depth {} is outside 0…{}", depth[0], Tensor::kMaxBytes);
    a.depth = static_cast<int64_t>(depth[0]);
  }
  QUERN_CHECK(call.normalize_axis(a.axis, call.rank(0) + 1));
  if (call.shape(2) != Shape{2}) {
    return call.wrong("its values have the shape {} instead of 2 (off, on)", to_string(call.shape(2)));
  }
  Shape out = call.shape(0);
  out.insert(out.begin() + a.axis, a.depth);
  return call.give(std::move(out), call.dtype(2));
}

}  // namespace quern::infer_rules
