#include "kernels/gemm/block_product.h"

#include <algorithm>
#include <cstring>

#include "base/aligned.h"
#include "base/checked.h"
#include "kernels/gemm/offset_weights.h"
#include "kernels/gemm/row_cut.h"
#include "kernels/gemm/store_rule.h"
#include "kernels/gemm/strip_kernel.h"

namespace quern {

namespace {

// Columns of a panel whose rows are longer than this are halved, so that the panel stays in the first-level cache.
constexpr int64_t kLongRow = 256;
// Rows that stay in the first-level cache while they meet all panels.
constexpr int64_t kChunkBytes = 24 << 10;
constexpr int64_t kLeastChunk = 4 * kBlockTile;
constexpr int64_t kLine = 64;  ///< bytes of a cache line

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
  BlockedProduct(const OpCall& call, const ProductGeometry& g, const RowCut& cut, const BlockKernel& kernel,
                 StoreInteger store)
      : StripKernel(g, {.form = RowForm::stored_bytes,
                        .source = call.inputs[0].dtype,
                        .zero_point = zero_point_of(call.inputs[0]),
                        .read_multiple = may_read_beyond(cut) ? kNever : 1,
                        .tile_rows = 2 * kBlockTile,
                        .blocks = ceil_div(g.out_channels, panel_columns(g)),
                        .lists_windows = cut.way == RowCut::Way::gathered,
                        .weight_bytes = g.depth() * g.out_channels}),
        kernel_(kernel),
        store_(store),
        cut_(cut),
        is_signed_(call.inputs[0].dtype == DType::int8),
        out_bytes_(static_cast<int64_t>(size_of(call.outputs[0].dtype))),
        panel_columns_(panel_columns(g)),
        panel_pitch_(cut.blocks() * cut.block_bytes),
        prepared_(product_requantization(call, product_clamp(call), g.out_channels), pack(call)) {
    // Rows that lie an odd number of cache lines apart spread over all sets of the cache.
    gathered_stride_ = round_up(panel_pitch_, kLine);
    if (gathered_stride_ / kLine % 2 == 0) gathered_stride_ += kLine;
    for (int64_t block = 0; block < cut.blocks(); ++block) offsets_.push_back(offset_of(block));
  }

 private:
  // A multiple that no depth is, so that lines are packed, with room behind them.
  static constexpr int64_t kNever = int64_t{1} << 40;
  static bool may_read_beyond(const RowCut& cut) { return cut.way == RowCut::Way::lines && cut.surplus() > 0; }

  static int64_t panel_columns(const ProductGeometry& g) {
    return g.depth() > kLongRow ? kBlockColumns / 2 : kBlockColumns;
  }

  /// Where a block begins in a row.
  int64_t offset_of(int64_t block) const {
    const int64_t in_piece = block % cut_.blocks_a_piece * cut_.block_bytes;
    return cut_.way == RowCut::Way::lines ? segments()[static_cast<size_t>(block / cut_.blocks_a_piece)] + in_piece
                                          : in_piece;
  }

  /// Packs the weights; gives the bias that goes with them.
  std::vector<int32_t> pack(const OpCall& call) {
    const int64_t channels = geometry().out_channels;
    OffsetWeights weights = offset_weights(call, channels, geometry().depth(), call.inputs[0].dtype);
    column_zero_points_ = std::move(weights.zero_points);
    if (!column_zero_points_.empty()) {
      column_zero_points_.resize(static_cast<size_t>(round_up(channels, kChannelPadding)));
    }
    panels_.assign(static_cast<size_t>(round_up(channels, kBlockTile) * panel_pitch_), 0);
    for (int64_t o = 0; o < channels; ++o) pack_channel(o, weights.values.data() + o * geometry().depth());
    return std::move(weights.bias);
  }

  void pack_channel(int64_t o, const int8_t* weights) {
    const int64_t first = o / panel_columns_ * panel_columns_;  // of the panel
    const int64_t tile_bytes = cut_.block_bytes * kBlockTile;
    int8_t* panel = panels_.data() + first * panel_pitch_ + (o - first) / kBlockTile * tile_bytes;
    const int64_t column = o % kBlockTile * 4;
    for (int64_t block = 0; block < cut_.blocks(); ++block) {
      int8_t* tile = panel + block * tiles_of(first) * tile_bytes + column;
      const int64_t from = block % cut_.blocks_a_piece * cut_.block_bytes;  // in the piece
      const int64_t count = std::min(cut_.block_bytes, cut_.piece_bytes - from);
      for (int64_t k = 0; k < count; k += 4, tile += kLine) {
        std::memcpy(tile, weights + k, static_cast<size_t>(std::min<int64_t>(4, count - k)));
      }
      weights += count;
    }
  }

  /// Column tiles of the panel whose first channel this is.
  int64_t tiles_of(int64_t first_channel) const {
    return ceil_div(std::min(panel_columns_, geometry().out_channels - first_channel), kBlockTile);
  }

  void run_blocks(const Rows& rows, int64_t first, int64_t last, std::byte* output) const final {
    BlockProduct product{};
    product.blocks = cut_.blocks();
    product.block_bytes = static_cast<int>(cut_.block_bytes);
    product.offsets = offsets_.data();
    product.is_signed = is_signed_;
    const StoreRule rule = prepared_.rule();
    product.rule = &rule;
    product.store = store_;
    product.out_stride = geometry().out_channels * out_bytes_;
    const Target target{first, last, output + rows.first_position * product.out_stride};
    if (cut_.way == RowCut::Way::lines) return run_lines(rows, product, target);
    const int64_t chunk = std::max(kLeastChunk, kChunkBytes / gathered_stride_ / kBlockTile * kBlockTile);
    for (int64_t begin = 0; begin < rows.count; begin += chunk) {
      run_chunk(rows, begin, std::min(begin + chunk, rows.count), product, target);
    }
  }

  /// Some panels, and where the results of the first row go.
  struct Target {
    int64_t first_panel, last_panel;
    std::byte* out;
  };

  void run_lines(const Rows& rows, BlockProduct product, const Target& target) const {
    const auto& g = geometry();
    product.row_count = g.out_width;
    product.row_stride = g.in_channels * g.strides[1];
    for (int64_t panel = target.first_panel; panel < target.last_panel; ++panel) {
      for (int64_t y = 0; y * g.out_width < rows.count; ++y) {
        product.rows = rows.first + y * rows.line_stride;
        run_panel(panel, target.out + y * g.out_width * product.out_stride, product);
      }
    }
  }

  void run_chunk(const Rows& rows, int64_t begin, int64_t end, BlockProduct product, const Target& target) const {
    const auto& g = geometry();
    product.row_count = end - begin;
    if (cut_.way == RowCut::Way::pixels && !reads_beyond(rows, end)) {
      product.rows = rows.first + begin * g.in_channels;
      product.row_stride = g.in_channels;
    } else {
      product.rows = gathered(rows, begin, end);
      product.row_stride = gathered_stride_;
    }
    add_row_sums(product);
    for (int64_t panel = target.first_panel; panel < target.last_panel; ++panel) {
      run_panel(panel, target.out + begin * product.out_stride, product);
    }
  }

  void run_panel(int64_t panel, std::byte* out, BlockProduct& product) const {
    product.channel = panel * panel_columns_;
    product.columns = static_cast<int>(std::min(panel_columns_, geometry().out_channels - product.channel));
    product.panel = reinterpret_cast<const std::byte*>(panels_.data()) + product.channel * panel_pitch_;
    product.out = out + product.channel * out_bytes_;
    kernel_.multiply(product);
  }

  /// The last of all rows would be read beyond the input.
  bool reads_beyond(const Rows& rows, int64_t end) const {
    const auto& g = geometry();
    return cut_.surplus() > 0 && rows.first_position + end == g.batch * g.out_height * g.out_width;
  }

  /// The rows side by side, in this thread's scratch.
  const std::byte* gathered(const Rows& rows, int64_t begin, int64_t end) const {
    const auto& g = geometry();
    auto& memory = scratch().rows;
    memory.resize(std::max(memory.size(), static_cast<size_t>((end - begin) * gathered_stride_ + kLine)));
    GatherRows gather{nullptr,           end - begin,   segments().data(), g.segments(),
                      g.segment_depth(), memory.data(), gathered_stride_};
    auto& pixels = scratch().windows;
    if (rows.windows != nullptr) {
      gather.windows = rows.windows + begin;
    } else {
      pixels.clear();
      for (int64_t r = begin; r < end; ++r) pixels.push_back(rows.first + r * g.in_channels);
      gather.windows = pixels.data();
    }
    kernel_.gather(gather);
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
  RowCut cut_;
  bool is_signed_;
  int64_t out_bytes_;  ///< of an output element
  int64_t panel_columns_;
  int64_t panel_pitch_;  ///< bytes of a column
  int64_t gathered_stride_ = 0;
  std::vector<int64_t> offsets_;  ///< where blocks begin in a row
  std::vector<int32_t> column_zero_points_;
  LineVector<int8_t> panels_;
  PreparedStore prepared_;
};

}  // namespace

std::unique_ptr<Kernel> make_block_product(const OpCall& call, const BlockKernel& kernel, StoreInteger store) {
  if (call.kind == OpKind::MatMul) return nullptr;
  const auto geometry = product_geometry(call);
  if (!geometry || !is_byte_product(call, geometry->depth())) return nullptr;
  const RowCut cut = cut_rows(*geometry, !weights_fit_bytes(call.inputs[1], geometry->out_channels));
  return std::make_unique<BlockedProduct>(call, *geometry, cut, kernel, store);
}

}  // namespace quern
