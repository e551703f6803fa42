// The loop of every convolution and matrix product: strips of output lines times panels of output channels. It knows
// nothing of types but their width; what an instruction set does is behind ProductKernel.
#pragma once

#include <vector>

#include "kernels/gemm/geometry.h"
#include "kernels/gemm/microkernel.h"
#include "kernels/kernel.h"

namespace quern {

/// A product with its weights packed. Derived classes say how tiles of sums become output.
class Product : public Kernel {
 public:
  void run(const Buffers& buffers, ThreadPool& pool) const override;

 protected:
  /// How input elements become row elements.
  struct RowSource {
    DType dtype = DType::float32;
    int32_t zero_point = 0;  ///< padding has this value
  };

  Product(const ProductGeometry& geometry, const ProductKernel& kernel, RowSource source);

  /// Writes `tile`, whose rows are output positions.
  virtual void store(const TileOutput& tile) const = 0;

  /// Gives the packed element (as bytes of the row's form) of output channel `o` at `k` in [0, depth).
  template <typename T, typename Weight>
  void pack_panels(const Weight& weight);
  /// Makes run() subtract zero_points[o] times the sum of the row from every sum; rows must be bytes.
  void subtract_row_sums(std::vector<int32_t> zero_points);

  const ProductGeometry& geometry() const { return geometry_; }

 private:
  struct Strip;

  int64_t steps() const { return (geometry_.segment_depth() + kernel_.unit - 1) / kernel_.unit; }
  int64_t panels() const { return (geometry_.out_channels + kernel_.columns - 1) / kernel_.columns; }
  int64_t strip_lines(int threads) const;
  void pack_strip(const std::byte* input, Strip& strip) const;
  void point_rows(const std::byte* input, Strip& strip) const;
  void sum_rows(Strip& strip) const;
  void run_panel(const Strip& strip, int64_t panel, std::byte* output) const;
  void correct(const Strip& strip, const TileOutput& tile, int64_t first_row, int32_t* sums) const;

  ProductGeometry geometry_;
  const ProductKernel& kernel_;
  RowSource source_;
  size_t in_bytes_;                ///< an input element
  size_t row_bytes_;               ///< a row element
  bool direct_;                    ///< rows are read from the input itself
  int64_t pitch_;                  ///< elements between lines that rows are read from
  std::vector<int64_t> segments_;  ///< byte offsets
  int64_t panel_bytes_ = 0;
  std::vector<std::byte> weights_;
  std::vector<int32_t> column_zero_points_;
  std::vector<std::byte> ones_;  ///< a panel whose first column sums a row
};

template <typename T, typename Weight>
void Product::pack_panels(const Weight& weight) {
  const int64_t depth = geometry_.segment_depth();
  const int64_t unit = kernel_.unit;
  panel_bytes_ =
      static_cast<int64_t>(segments_.size()) * steps() * kernel_.columns * unit * static_cast<int64_t>(sizeof(T));
  weights_.assign(static_cast<size_t>(panels() * panel_bytes_), std::byte{0});
  auto* to = reinterpret_cast<T*>(weights_.data());
  for (int64_t first = 0; first < geometry_.out_channels; first += kernel_.columns) {
    for (size_t s = 0; s < segments_.size(); ++s) {
      for (int64_t k = 0; k < steps() * unit; k += unit) {
        for (int64_t o = first; o < first + kernel_.columns; ++o, to += unit) {
          if (o >= geometry_.out_channels) continue;
          for (int64_t u = 0; u < unit && k + u < depth; ++u)
            to[u] = weight(o, static_cast<int64_t>(s) * depth + k + u);
        }
      }
    }
  }
}

}  // namespace quern
