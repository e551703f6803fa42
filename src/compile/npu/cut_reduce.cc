// Reductions: the axes that stay are free.
#include <algorithm>

#include "compile/npu/cut.h"

namespace quern::npu {

namespace {

struct Reduced {
  Ints axes;
  bool keep_dims = true;
  bool nothing = false;
};

Reduced reduced_of(const CutCall& call) {
  if (const auto* arg = std::get_if<ArgAttrs>(call.attrs)) return {{arg->axis}, arg->keep_dims};
  const auto& a = std::get<ReduceAttrs>(*call.attrs);
  return {a.axes, a.keep_dims, a.axes.empty() && a.noop_with_empty_axes};
}

/// For each axis of the input the axis of the output that it becomes, or -1.
Ints axis_map(const CutCall& call) {
  const Reduced reduced = reduced_of(call);
  const auto rank = static_cast<int64_t>(call.inputs[0]->size());
  Ints map;
  int64_t next = 0;
  for (int64_t axis = 0; axis < rank; ++axis) {
    const bool named = std::any_of(reduced.axes.begin(), reduced.axes.end(),
                                   [&](int64_t a) { return (a < 0 ? a + rank : a) == axis; });
    const bool goes = named || (reduced.axes.empty() && !reduced.nothing);
    map.push_back(goes ? -1 : next);
    if (!goes || reduced.keep_dims) ++next;
  }
  return map;
}

}  // namespace

Ints reduce_grains(const CutCall& call) {
  Ints grains(call.output->size(), 0);
  for (int64_t axis : axis_map(call)) {
    if (axis >= 0) grains[static_cast<size_t>(axis)] = 1;
  }
  return grains;
}

Cut cut_reduce(const CutCall& call, const Box& output) {
  Cut result{*call.attrs, {whole(*call.inputs[0])}};
  const Ints map = axis_map(call);
  for (size_t axis = 0; axis < map.size(); ++axis) {
    if (map[axis] < 0) continue;
    result.inputs[0].begin[axis] = output.begin[static_cast<size_t>(map[axis])];
    result.inputs[0].extent[axis] = output.extent[static_cast<size_t>(map[axis])];
  }
  return result;
}

}  // namespace quern::npu
