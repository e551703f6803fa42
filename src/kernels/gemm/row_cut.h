// How the rows of a product of tiles are found in the input and cut into the pieces that a tile takes.
#pragma once

#include "kernels/gemm/geometry.h"

namespace quern {

struct RowCut {
  enum class Way : uint8_t {
    pixels,    ///< a row is a pixel of the input, all pixels lie side by side
    lines,     ///< the rows of an output line begin a constant distance apart; each is cut segment by segment
    gathered,  ///< rows are copied side by side first
  };
  Way way = Way::gathered;
  int64_t pieces = 1;       ///< parts of a row that are cut on their own
  int64_t piece_bytes = 0;  ///< of the row
  int64_t blocks_a_piece = 1;
  int64_t block_bytes =
      4;  ///< a multiple of 4, at most 64; what the last block has beyond the piece meets weights of 0

  int64_t blocks() const { return pieces * blocks_a_piece; }
  /// Bytes that are read beyond a piece.
  int64_t surplus() const { return blocks_a_piece * block_bytes - piece_bytes; }
};

/// The cheapest way, by a count of cycles. `sums_rows`: the bytes of a row are summed too, for which they must lie side
/// by side.
RowCut cut_rows(const ProductGeometry& geometry, bool sums_rows);

}  // namespace quern
