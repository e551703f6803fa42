// The loop under convolutions, matrix products and depthwise windows: strips of output lines times blocks of output
// channels. For each strip it brings the input into the form that the instruction set reads (padding included) and
// gives every output position the address of its window.
#pragma once

#include <vector>

#include "kernels/gemm/geometry.h"
#include "kernels/gemm/microkernel.h"
#include "kernels/kernel.h"

namespace quern {

class StripKernel : public Kernel {
 public:
  void run(const Buffers& buffers, ThreadPool& pool) const final;

 protected:
  /// What a derived class asks of the loop.
  struct Needs {
    RowForm form = RowForm::float32;
    DType source = DType::float32;
    int32_t zero_point = 0;     ///< padding has this value
    bool by_tap = false;        ///< a segment is one tap, even where taps are adjacent
    int64_t read_multiple = 1;  ///< elements of a segment are read in multiples of this
    int64_t tile_rows = 1;      ///< output positions a tile
    int64_t blocks = 1;         ///< of output channels
    bool lists_windows = true;
    int64_t weight_bytes = 0;  ///< of all blocks: where they outweigh the input, threads share blocks and not lines
  };
  /// Output positions of a strip: their windows, and the number of the first one among all positions.
  struct Rows {
    const std::byte* const* windows = nullptr;  ///< nullptr unless Needs::lists_windows
    const std::byte* first = nullptr;           ///< window
    int64_t line_stride = 0;                    ///< bytes from an output line's first window to the next one's
    int64_t count = 0;
    int64_t first_position = 0;
  };

  StripKernel(const ProductGeometry& geometry, const Needs& needs);

  /// Computes blocks [first, last) at these positions.
  virtual void run_blocks(const Rows& rows, int64_t first, int64_t last, std::byte* output) const = 0;

  const ProductGeometry& geometry() const { return geometry_; }
  /// Byte offsets of the segments from a position's window.
  const std::vector<int64_t>& segments() const { return segments_; }

 private:
  struct Strip;

  int64_t strip_lines(int threads) const;
  bool shares_blocks(int threads) const;
  void pack(const std::byte* input, const Strip& strip) const;
  std::byte* pack_line(const std::byte* line, std::byte* to) const;
  Rows rows_of(const std::byte* input, const Strip& strip) const;

  ProductGeometry geometry_;
  Needs needs_;
  size_t row_bytes_;  ///< an element of a window
  bool direct_;       ///< windows are read from the input itself
  int64_t pitch_;     ///< elements between lines of windows
  std::vector<int64_t> segments_;
};

}  // namespace quern
