#include "kernels/gemm/row_cut.h"

#include "base/checked.h"
#include "kernels/gemm/microkernel.h"

namespace quern {

namespace {

constexpr int64_t kMostBytes = 64;  ///< of a row in a tile

RowCut cut(RowCut::Way way, int64_t pieces, int64_t piece_bytes) {
  const int64_t blocks = ceil_div(piece_bytes, kMostBytes);
  return {way, pieces, piece_bytes, blocks, round_up(ceil_div(piece_bytes, blocks), 4)};
}

// Cycles a row, roughly. A product of two tiles takes sixteen for sixteen rows, however full they are.
double products(const RowCut& cut, const ProductGeometry& g) {
  return static_cast<double>(cut.blocks() * ceil_div(g.out_channels, kBlockTile));
}
/// Copying a row's segments.
double gathering(const ProductGeometry& g) {
  return static_cast<double>(g.segments()) * (2.0 + 1.5 * static_cast<double>(ceil_div(g.segment_depth(), kMostBytes)));
}
/// Every line begins anew, and its last tile is not full.
double per_line(const ProductGeometry& g) {
  constexpr double kBegin = 80;
  return kBegin * static_cast<double>(ceil_div(g.out_channels, kBlockColumns)) / static_cast<double>(g.out_width);
}
double unfilled(const ProductGeometry& g) {
  return static_cast<double>(round_up(g.out_width, kBlockTile)) / static_cast<double>(g.out_width);
}

}  // namespace

RowCut cut_rows(const ProductGeometry& g, bool sums_rows) {
  const RowCut gathered = cut(RowCut::Way::gathered, 1, g.depth());
  if (g.pixels() && g.depth() % 4 == 0) return cut(RowCut::Way::pixels, 1, g.depth());
  if (sums_rows) return gathered;
  const RowCut lines = cut(RowCut::Way::lines, g.segments(), g.segment_depth());
  const double by_lines = products(lines, g) * unfilled(g) + per_line(g);
  return by_lines < products(gathered, g) + gathering(g) ? lines : gathered;
}

}  // namespace quern
