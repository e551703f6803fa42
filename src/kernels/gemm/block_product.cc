#include "kernels/gemm/block_product.h"

#include <algorithm>

#include "base/aligned.h"
#include "base/checked.h"
#include "kernels/gemm/offset_weights.h"
#include "kernels/gemm/store_rule.h"
#include "kernels/gemm/strip_kernel.h"

namespace quern {

namespace {

// Columns of a panel whose rows are longer than this are halved, so that the panel stays in the first-level cache.
constexpr int64_t kLongRow = 256;
// Rows that stay in the first-level cache while they meet all panels.
constexpr int64_t kChunkBytes = 24 << 10;
constexpr int64_t kLeastChunk = 4 * kBlockTile;
constexpr int64_t kLine = 64;  ///< bytes of a cache line; also the most a tile takes of a row

int64_t ceil_div(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}

const Clamp& clamp_of(const OpCall& call) {
  return call.kind == OpKind::Conv ? call.as<ConvAttrs>().clamp : call.as<ClampAttrs>().clamp;
}

/// What one thread gathers into; kept from run to run.
struct Scratch {
  LineVector<std::byte> rows;
  std::vector<const std::byte*> windows;
  std::vector<int32_t> sums;
};

Scratch& scratch() {
  static thread_local Scratch instance;
  return instance;
}

class BlockedProduct final : public StripKernel {
 public:
  BlockedProduct(const OpCall& call, const ProductGeometry& g, const BlockKernel& kernel, StoreInteger store)
      : StripKernel(g, {.form = RowForm::stored_bytes,
                        .source = call.inputs[0].dtype,
                        .zero_point = zero_point_of(call.inputs[0]),
                        .tile_rows = 2 * kBlockTile,
                        .blocks = ceil_div(g.out_channels, panel_columns(g)),
                        .takes_pixels = true}),
        kernel_(kernel),
        store_(store),
        is_signed_(call.inputs[0].dtype == DType::int8),
        out_bytes_(static_cast<int64_t>(size_of(call.outputs[0].dtype))),
        panel_columns_(panel_columns(g)),
        k_blocks_(ceil_div(g.depth(), kLine)),
        block_bytes_(round_up(ceil_div(g.depth(), k_blocks_), 4)),
        prepared_(product_requantization(call, clamp_of(call), g.out_channels), pack(call)) {
    // Rows that lie an odd number of cache lines apart spread over all sets of the cache.
    row_stride_ = round_up(k_blocks_ * block_bytes_, kLine);
    if (row_stride_ / kLine % 2 == 0) row_stride_ += kLine;
  }

 private:
  static int64_t panel_columns(const ProductGeometry& g) {
    return g.depth() > kLongRow ? kBlockColumns / 2 : kBlockColumns;
  }

  /// Packs the weights; gives the bias that goes with them.
  std::vector<int32_t> pack(const OpCall& call) {
    const int64_t channels = geometry().out_channels;
    const int64_t depth = geometry().depth();
    OffsetWeights weights = offset_weights(call, channels, depth, call.inputs[0].dtype);
    column_zero_points_ = std::move(weights.zero_points);
    if (!column_zero_points_.empty()) {
      column_zero_points_.resize(static_cast<size_t>(round_up(channels, kChannelPadding)));
    }
    const int64_t row = k_blocks_ * block_bytes_;
    panels_.assign(static_cast<size_t>(round_up(channels, kBlockTile) * row), 0);
    for (int64_t o = 0; o < channels; ++o) {
      const int64_t first = o / panel_columns_ * panel_columns_;  // of the panel
      const int64_t tiles = tiles_of(first);
      int8_t* panel = panels_.data() + first * row;
      for (int64_t k = 0; k < depth; ++k) {
        const int64_t block = k / block_bytes_;
        const int64_t in_block = k % block_bytes_;
        const int64_t tile = block * tiles + (o - first) / kBlockTile;
        const int64_t at = in_block / 4 * kLine + o % kBlockTile * 4 + in_block % 4;
        panel[tile * block_bytes_ * kBlockTile + at] = weights.values[static_cast<size_t>(o * depth + k)];
      }
    }
    return std::move(weights.bias);
  }

  /// Column tiles of the panel whose first channel this is.
  int64_t tiles_of(int64_t first_channel) const {
    return ceil_div(std::min(panel_columns_, geometry().out_channels - first_channel), kBlockTile);
  }

  /// A tile would read beyond the input, or a part of four bytes.
  bool reads_beyond(const Rows& rows, int64_t end) const {
    const auto& g = geometry();
    const bool last = rows.first_position + end == g.batch * g.out_height * g.out_width;
    return (last && k_blocks_ * block_bytes_ > g.depth()) || g.depth() % 4 != 0;
  }

  void run_blocks(const Rows& rows, int64_t first, int64_t last, std::byte* output) const final {
    const int64_t chunk = std::max(kLeastChunk, kChunkBytes / row_stride_ / kBlockTile * kBlockTile);
    for (int64_t begin = 0; begin < rows.count; begin += chunk) {
      run_chunk(rows, begin, std::min(begin + chunk, rows.count), {first, last}, output);
    }
  }

  struct Panels {
    int64_t first, last;
  };

  void run_chunk(const Rows& rows, int64_t begin, int64_t end, const Panels& panels, std::byte* output) const {
    const auto& g = geometry();
    BlockProduct product{};
    if (pixels_are_windows() && !reads_beyond(rows, end)) {
      product.rows = rows.first + begin * g.in_channels;
      product.row_stride = g.in_channels;
    } else {
      product.rows = gathered(rows, begin, end);
      product.row_stride = row_stride_;
    }
    product.row_count = end - begin;
    product.blocks = k_blocks_;
    product.block_bytes = static_cast<int>(block_bytes_);
    product.is_signed = is_signed_;
    add_row_sums(product);
    const StoreRule rule = prepared_.rule();
    product.rule = &rule;
    product.store = store_;
    product.out_stride = g.out_channels * out_bytes_;
    for (int64_t p = panels.first; p < panels.last; ++p) {
      product.channel = p * panel_columns_;
      product.columns = static_cast<int>(std::min(panel_columns_, g.out_channels - product.channel));
      product.panel = reinterpret_cast<const std::byte*>(panels_.data()) + product.channel * k_blocks_ * block_bytes_;
      product.out = output + (rows.first_position + begin) * product.out_stride + product.channel * out_bytes_;
      kernel_.multiply(product);
    }
  }

  /// The rows side by side, in this thread's scratch.
  const std::byte* gathered(const Rows& rows, int64_t begin, int64_t end) const {
    const auto& g = geometry();
    auto& memory = scratch().rows;
    memory.resize(std::max(memory.size(), static_cast<size_t>((end - begin) * row_stride_ + kLine)));
    std::vector<const std::byte*>& windows = scratch().windows;
    const std::byte* const* from = rows.windows + begin;
    if (pixels_are_windows()) {
      windows.clear();
      for (int64_t r = begin; r < end; ++r) windows.push_back(rows.first + r * g.in_channels);
      from = windows.data();
    }
    kernel_.gather({from, end - begin, segments().data(), g.segments(), g.segment_depth(), memory.data(), row_stride_});
    return memory.data();
  }

  void add_row_sums(BlockProduct& product) const {
    if (column_zero_points_.empty()) return;
    auto& sums = scratch().sums;
    sums.resize(std::max(sums.size(), static_cast<size_t>(product.row_count)));
    kernel_.sum_rows(product, geometry().depth(), sums.data());
    product.row_sums = sums.data();
    product.column_zero_points = column_zero_points_.data();
  }

  const BlockKernel& kernel_;
  StoreInteger store_;
  bool is_signed_;
  int64_t out_bytes_;    ///< of an output element
  int64_t panel_columns_;
  int64_t k_blocks_;     ///< pieces of a row
  int64_t block_bytes_;  ///< of a piece
  int64_t row_stride_ = 0;
  std::vector<int32_t> column_zero_points_;
  LineVector<int8_t> panels_;
  PreparedStore prepared_;
};

}  // namespace

std::unique_ptr<Kernel> make_block_product(const OpCall& call, const BlockKernel& kernel, StoreInteger store) {
  if (call.kind == OpKind::MatMul) return nullptr;
  const auto geometry = product_geometry(call);
  if (!geometry || !is_byte_product(call, geometry->depth())) return nullptr;
  return std::make_unique<BlockedProduct>(call, *geometry, kernel, store);
}

}  // namespace quern
