// A transpose of the fewest axes: axes that stay together are one.
#pragma once

#include <vector>

#include "kernels/kernel.h"

namespace quern {

/// Extents of the output without those of 1, and the input's stride along each, in elements.
struct Permuted {
  Shape extents;
  Shape strides;
};

/// `perm` as ONNX has it; empty reverses all axes.
Permuted merge_axes(const Shape& in, Ints perm);
/// Element offset in the input of index `flat` of the output's axes `axes` (in order).
int64_t input_offset(const Permuted& p, const std::vector<size_t>& axes, int64_t flat);
/// Product of the extents of some axes.
int64_t count_of(const Permuted& p, const std::vector<size_t>& axes);

/// Where two axes change places innermost: element [r][c] of a matrix of the output is [c][r] of one of the input.
struct SwappedMatrices {
  Permuted permuted;
  size_t rows_axis = 0;       ///< the output's axis that is the input's innermost
  std::vector<size_t> outer;  ///< the other axes, but the last
  Shape out_strides;

  int64_t rows() const { return permuted.extents[rows_axis]; }
  int64_t columns() const { return permuted.extents.back(); }
  /// Elements from column to column of the input, and from row to row of the output.
  int64_t in_stride() const { return permuted.strides.back(); }
  int64_t out_stride() const { return out_strides[rows_axis]; }
  int64_t count() const { return count_of(permuted, outer); }
  /// Element offsets of matrix `i` in the input and in the output.
  int64_t in_offset(int64_t i) const { return input_offset(permuted, outer, i); }
  int64_t out_offset(int64_t i) const;
};
/// Requires an innermost axis whose stride is not 1.
SwappedMatrices swapped_matrices(const Permuted& p);

}  // namespace quern
