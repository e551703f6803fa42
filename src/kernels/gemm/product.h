// Convolutions and matrix products with packed weights: tiles of rows times panels of output channels. It knows nothing
// of types but their width; what an instruction set does is behind ProductKernel.
#pragma once

#include <vector>

#include "base/aligned.h"
#include "kernels/gemm/strip_kernel.h"

namespace quern {

/// Derived classes say how tiles of sums become output.
class Product : public StripKernel {
 protected:
  /// The element type of the input, the value that padding has, and the element type of the output.
  struct Elements {
    DType source = DType::float32;
    int32_t zero_point = 0;
    DType output = DType::float32;
  };

  Product(const ProductGeometry& geometry, const ProductKernel& kernel, const Elements& elements);

  /// Writes `tile`, whose rows are output positions. Not called where the kernel stores.
  virtual void store(const TileOutput& tile) const = 0;
  /// The rule by which a kernel that stores does it; nullptr where it cannot.
  virtual const void* kernel_rule() const { return nullptr; }

  /// Packs weight(o, k), a T, for every output channel `o` and `k` in [0, depth).
  template <typename T, typename Weight>
  void pack_panels(const Weight& weight);
  /// Makes every sum less by zero_points[o] times the sum of its row; rows must be bytes.
  void subtract_row_sums(std::vector<int32_t> zero_points);

 private:
  void run_blocks(const Rows& rows, int64_t first, int64_t last, std::byte* output) const final;
  void run_panel(const Rows& rows, const int32_t* row_sums, int64_t panel, std::byte* output) const;
  void run_stored_panel(const Rows& rows, int64_t panel, std::byte* output) const;
  TileProduct tile_at(const Rows& rows, int64_t first_row, const std::byte** windows) const;
  void multiply(const Rows& rows, int64_t first_row, const std::byte* panel, int columns, void* sums) const;
  std::vector<int32_t> sums_of(const Rows& rows) const;
  void correct(const TileOutput& tile, const int32_t* row_sums, int32_t* sums) const;
  int64_t steps() const { return (geometry().segment_depth() + kernel_.unit - 1) / kernel_.unit; }

  const ProductKernel& kernel_;
  int64_t out_bytes_;  ///< of an output element
  int64_t panel_bytes_ = 0;
  LineVector<std::byte> weights_;
  std::vector<int32_t> column_zero_points_;
  LineVector<std::byte> ones_;  ///< a panel whose first column sums a row
};

template <typename T, typename Weight>
void Product::pack_panels(const Weight& weight) {
  const int64_t depth = geometry().segment_depth();
  const int64_t channels = geometry().out_channels;
  const int64_t unit = kernel_.unit;
  const int64_t panels = (channels + kernel_.columns - 1) / kernel_.columns;
  const int64_t elements = geometry().segments() * steps() * kernel_.columns * unit;
  panel_bytes_ = elements * static_cast<int64_t>(sizeof(T));
  weights_.assign(static_cast<size_t>(panels * panel_bytes_), std::byte{0});
  auto* to = reinterpret_cast<T*>(weights_.data());
  for (int64_t first = 0; first < channels; first += kernel_.columns) {
    for (int64_t s = 0; s < geometry().segments(); ++s) {
      for (int64_t k = 0; k < steps() * unit; k += unit) {
        for (int64_t o = first; o < first + kernel_.columns; ++o, to += unit) {
          for (int64_t u = 0; o < channels && u < unit && k + u < depth; ++u) to[u] = weight(o, s * depth + k + u);
        }
      }
    }
  }
}

}  // namespace quern
