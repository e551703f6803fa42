#include "kernels/move/permuted.h"

#include <algorithm>

#include "kernels/reference_kernel.h"

namespace quern {

Permuted merge_axes(const Shape& in, Ints perm) {
  if (perm.empty()) {
    for (size_t i = in.size(); i-- > 0;) perm.push_back(static_cast<int64_t>(i));
  }
  const Shape own = strides_of(in);
  Permuted merged;
  for (const int64_t axis : perm) {
    const int64_t extent = in[static_cast<size_t>(axis)], stride = own[static_cast<size_t>(axis)];
    if (extent == 1) continue;
    if (!merged.extents.empty() && merged.strides.back() == stride * extent) {
      merged.extents.back() *= extent;
      merged.strides.back() = stride;
    } else {
      merged.extents.push_back(extent);
      merged.strides.push_back(stride);
    }
  }
  return merged;
}

int64_t input_offset(const Permuted& p, const std::vector<size_t>& axes, int64_t flat) {
  int64_t offset = 0;
  for (size_t i = axes.size(); i-- > 0;) {
    offset += flat % p.extents[axes[i]] * p.strides[axes[i]];
    flat /= p.extents[axes[i]];
  }
  return offset;
}

int64_t count_of(const Permuted& p, const std::vector<size_t>& axes) {
  int64_t count = 1;
  for (const size_t axis : axes) count *= p.extents[axis];
  return count;
}

int64_t SwappedMatrices::out_offset(int64_t i) const {
  int64_t offset = 0;
  for (size_t k = outer.size(); k-- > 0; i /= permuted.extents[outer[k]]) {
    offset += i % permuted.extents[outer[k]] * out_strides[outer[k]];
  }
  return offset;
}

SwappedMatrices swapped_matrices(const Permuted& p) {
  SwappedMatrices m;
  m.permuted = p;
  m.out_strides = strides_of(p.extents);
  m.rows_axis = static_cast<size_t>(std::find(p.strides.begin(), p.strides.end(), 1) - p.strides.begin());
  for (size_t i = 0; i + 1 < p.extents.size(); ++i) {
    if (i != m.rows_axis) m.outer.push_back(i);
  }
  return m;
}

}  // namespace quern
