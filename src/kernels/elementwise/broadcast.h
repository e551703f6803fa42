// numpy's broadcasting, prepared once: extents are merged as far as the operands allow, and what is left is walked row
// by row with a step of 0 or 1 (or, rarely, more) for each operand.
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "kernels/reference_kernel.h"

namespace quern {

/// How N operands are read to fill one dense output.
template <size_t N>
struct Broadcast {
  Shape extents;                                ///< at least one axis; the last is the row
  std::vector<std::array<int64_t, N>> strides;  ///< elements from one index to the next, by axis and operand
};

/// Prepares the reading of inputs [first, first + N) of the call to the shape of its first output.
template <size_t N>
Broadcast<N> prepare_broadcast(const OpCall& call, size_t first = 0) {
  const Shape& out = call.outputs[0].shape;
  std::vector<std::array<int64_t, N>> strides(out.size());
  for (size_t n = 0; n < N; ++n) {
    const Shape& in = call.inputs[first + n].shape;
    const Shape own = strides_of(in);
    for (size_t i = 0; i < out.size(); ++i) {
      const bool has = i + in.size() >= out.size();
      const size_t axis = i + in.size() - out.size();
      strides[i][n] = has && in[axis] != 1 ? own[axis] : 0;
    }
  }
  Broadcast<N> plan;
  for (size_t i = 0; i < out.size(); ++i) {
    if (out[i] == 1) continue;
    bool merges = !plan.extents.empty();
    for (size_t n = 0; n < N && merges; ++n) merges = plan.strides.back()[n] == strides[i][n] * out[i];
    if (merges) {
      plan.extents.back() *= out[i];
      plan.strides.back() = strides[i];
    } else {
      plan.extents.push_back(out[i]);
      plan.strides.push_back(strides[i]);
    }
  }
  if (plan.extents.empty()) {
    plan.extents = {1};
    plan.strides.resize(1);
  }
  return plan;
}

/// Where a walk over rows is: the index along every axis but the last, and the element each operand's row begins with.
template <size_t N>
class RowWalk {
 public:
  RowWalk(const Broadcast<N>& plan, int64_t row) : plan_(plan), index_(plan.extents.size() - 1) {
    for (size_t axis = index_.size(); axis-- > 0;) {
      index_[axis] = row % plan.extents[axis];
      row /= plan.extents[axis];
      for (size_t n = 0; n < N; ++n) offsets_[n] += index_[axis] * plan.strides[axis][n];
    }
  }

  const std::array<int64_t, N>& offsets() const { return offsets_; }

  void next() {
    for (size_t axis = index_.size(); axis-- > 0;) {
      for (size_t n = 0; n < N; ++n) offsets_[n] += plan_.strides[axis][n];
      if (++index_[axis] < plan_.extents[axis]) return;
      for (size_t n = 0; n < N; ++n) offsets_[n] -= plan_.extents[axis] * plan_.strides[axis][n];
      index_[axis] = 0;
    }
  }

 private:
  const Broadcast<N>& plan_;
  std::vector<int64_t> index_;
  std::array<int64_t, N> offsets_{};
};

/// Calls row(out, offsets, count) for pieces of rows that together cover the output: `out` is the first output element,
/// `offsets` the first element of each operand, and operand n advances by plan.strides.back()[n].
template <size_t N, typename Row>
void for_each_row(const Broadcast<N>& plan, ThreadPool& pool, const Row& row) {
  const int64_t width = plan.extents.back();
  const int64_t total = extent_product(plan.extents, 0, plan.extents.size());
  pool.parallel_for(total, 16384, [&](int64_t begin, int64_t end) {
    RowWalk<N> walk(plan, begin / width);
    for (int64_t at = begin; at < end; walk.next()) {
      const int64_t column = at % width;
      std::array<int64_t, N> offsets = walk.offsets();
      for (size_t n = 0; n < N; ++n) offsets[n] += column * plan.strides.back()[n];
      const int64_t count = std::min(width - column, end - at);
      row(at, offsets, count);
      at += count;
    }
  });
}

}  // namespace quern
