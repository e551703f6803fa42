// The loop under depthwise convolutions by runs: it finds, for every line of the output, where each tap of the window
// is.
#pragma once

#include <vector>

#include "kernels/gemm/geometry.h"

namespace quern {

class WindowLines : public Kernel {
 public:
  void run(const Buffers& buffers, ThreadPool& pool) const final;

 protected:
  /// Runs of the output whose taps are known: run r has its taps `r * pitch` bytes behind those given.
  struct Runs {
    const std::byte* const* taps;  ///< up to a multiple of four; surplus ones repeat the first
    int64_t pitch;
    int64_t runs;
    int64_t length;  ///< elements of a run; runs lie side by side in the output
    std::byte* out;
  };

  /// `zero` is an element of the padding, as many bytes as an element has.
  WindowLines(const ProductGeometry& geometry, const std::vector<std::byte>& zero);

  virtual void run_windows(const Runs& runs) const = 0;

  const ProductGeometry& geometry() const { return g_; }

 private:
  void find_taps(const std::byte* image, int64_t y, int64_t x, const std::byte** taps) const;
  void run_line(const std::byte* image, int64_t y, std::byte* out, const std::byte** taps) const;

  ProductGeometry g_;
  int64_t bytes_;  ///< of an element
  int64_t first_inside_ = 0, last_inside_ = 0;
  std::vector<std::byte> padding_;  ///< a line of padding
};

/// Where the stride is 1, the part of a line whose windows lie within the input is one run, however many channels a
/// pixel has; else a run is a pixel.
inline bool runs_are_lines(const ProductGeometry& g) {
  return g.strides[1] == 1;
}

}  // namespace quern
