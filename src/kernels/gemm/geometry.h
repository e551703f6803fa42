// A convolution, a fully connected operator or a matrix product by a constant, all seen as one: every output position
// is a row, whose elements are read from the input in a few pieces (segments).
#pragma once

#include <optional>
#include <vector>

#include "kernels/kernel.h"

namespace quern {

/// Extents of a product over channels-last values. Windows of 1x1 with stride 1 are stretched out to lines of one
/// pixel.
struct ProductGeometry {
  int64_t batch = 1;
  int64_t in_height = 1, in_width = 1, in_channels = 1;
  int64_t out_height = 1, out_width = 1, out_channels = 1;
  Pair kernel{1, 1}, strides{1, 1}, dilations{1, 1};
  int64_t pad_top = 0, pad_left = 0;

  /// Elements of a row.
  int64_t depth() const { return kernel[0] * kernel[1] * in_channels; }
  /// Input lines under `lines` output lines, and columns under a whole output line.
  int64_t lines_under(int64_t lines) const { return (lines - 1) * strides[0] + (kernel[0] - 1) * dilations[0] + 1; }
  int64_t columns_under() const { return (out_width - 1) * strides[1] + (kernel[1] - 1) * dilations[1] + 1; }
  /// True when no window reaches beyond the input.
  bool inside() const {
    return pad_top == 0 && pad_left == 0 && lines_under(out_height) <= in_height && columns_under() <= in_width;
  }
  /// Rows are the input's pixels, one after another.
  bool pixels() const {
    return kernel == Pair{1, 1} && strides == Pair{1, 1} && out_width == 1 && in_width == 1 && inside();
  }
  /// Adjacent columns of a window are adjacent in memory, so one segment holds a whole line of it.
  bool joined() const { return dilations[1] == 1 || kernel[1] == 1; }
  int64_t segments() const { return joined() ? kernel[0] : kernel[0] * kernel[1]; }
  /// Elements of a segment.
  int64_t segment_depth() const { return joined() ? kernel[1] * in_channels : in_channels; }
  /// Where each segment of a row begins, in elements, when input lines are `pitch` elements apart.
  std::vector<int64_t> segment_offsets(int64_t pitch) const;
  /// Where each tap of a window begins, likewise.
  std::vector<int64_t> tap_offsets(int64_t pitch) const;
};

/// The bounds that a product's activation sets.
const Clamp& product_clamp(const OpCall& call);
/// The geometry of a Conv with one group, a FullyConnected, or a MatMul by a matrix; nothing for others, for operands
/// that are empty or whose weights are not constant, and for windows that lie so far outside the input that padding
/// would dwarf it.
std::optional<ProductGeometry> product_geometry(const OpCall& call);
/// The geometry of a Conv with a group for every channel and one output each; nothing for others, as above.
std::optional<ProductGeometry> depthwise_geometry(const OpCall& call);
/// The geometry of the windows of a MaxPool or AveragePool, likewise.
std::optional<ProductGeometry> pool_geometry(const OpCall& call);

}  // namespace quern
