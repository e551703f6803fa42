#include "kernels/gemm/product.h"

#include <algorithm>

#include "kernels/gemm/row_pack.h"

namespace quern {

namespace {

// Sums that are stored together: as many tiles as fit. One tile at a time would spend as long on setting up the store
// as on storing.
constexpr int kBatchSums = 1024;
constexpr int kMostRows = 16;  ///< of a tile, on any instruction set

}  // namespace

Product::Product(const ProductGeometry& geometry, const ProductKernel& kernel, const Elements& elements)
    : StripKernel(geometry, {.form = kernel.form,
                             .source = elements.source,
                             .zero_point = elements.zero_point,
                             .read_multiple = kernel.unit,
                             .tile_rows = kernel.rows,
                             .blocks = (geometry.out_channels + kernel.columns - 1) / kernel.columns,
                             .lists_windows = !geometry.pixels(),
                             .weight_bytes = geometry.depth() * geometry.out_channels *
                                             static_cast<int64_t>(row_element_bytes(kernel.form))}),
      kernel_(kernel),
      out_bytes_(static_cast<int64_t>(size_of(elements.output))) {}

void Product::subtract_row_sums(std::vector<int32_t> zero_points) {
  column_zero_points_ = std::move(zero_points);
  const int64_t cell = kernel_.columns * kernel_.unit;
  ones_.assign(static_cast<size_t>(geometry().segments() * steps() * cell), std::byte{0});
  for (int64_t s = 0; s < geometry().segments(); ++s) {
    for (int64_t k = 0; k < geometry().segment_depth(); ++k) {
      ones_[static_cast<size_t>((s * steps() + k / kernel_.unit) * cell + k % kernel_.unit)] = std::byte{1};
    }
  }
}

/// Up to kernel_.rows rows; their windows are listed in `windows` where there is no list.
TileProduct Product::tile_at(const Rows& rows, int64_t first_row, const std::byte** windows) const {
  TileProduct tile{};
  tile.row_count = static_cast<int>(std::min<int64_t>(kernel_.rows, rows.count - first_row));
  tile.segments = segments().data();
  tile.segment_count = geometry().segments();
  tile.steps = steps();
  tile.rows = windows;
  if (rows.windows != nullptr) {
    tile.rows = rows.windows + first_row;
  } else {
    for (int r = 0; r < tile.row_count; ++r) windows[r] = rows.first + (first_row + r) * rows.line_stride;
  }
  return tile;
}

void Product::multiply(const Rows& rows, int64_t first_row, const std::byte* panel, int columns, void* sums) const {
  const std::byte* windows[kMostRows];
  TileProduct tile = tile_at(rows, first_row, windows);
  tile.panel = panel;
  tile.columns = columns;
  tile.sums = sums;
  kernel_.multiply(tile);
}

std::vector<int32_t> Product::sums_of(const Rows& rows) const {
  std::vector<int32_t> row_sums;
  if (column_zero_points_.empty()) return row_sums;
  row_sums.resize(static_cast<size_t>(rows.count));
  alignas(64) int32_t sums[kBatchSums];
  for (int64_t r = 0; r < rows.count; ++r) {
    const int64_t in_tile = r % kernel_.rows;
    if (in_tile == 0) multiply(rows, r, ones_.data(), 1, sums);
    row_sums[static_cast<size_t>(r)] = sums[in_tile * kernel_.columns];
  }
  return row_sums;
}

void Product::correct(const TileOutput& tile, const int32_t* row_sums, int32_t* sums) const {
  const int32_t* zero_points = column_zero_points_.data() + tile.channel;
  for (int r = 0; r < tile.rows; ++r) {
    // Wraps as the sums themselves may: only their final value must fit.
    const auto row_sum = static_cast<uint32_t>(row_sums[r]);
    int32_t* row = sums + r * tile.sums_stride;
    for (int c = 0; c < tile.columns; ++c) {
      row[c] = static_cast<int32_t>(static_cast<uint32_t>(row[c]) - static_cast<uint32_t>(zero_points[c]) * row_sum);
    }
  }
}

void Product::run_panel(const Rows& rows, const int32_t* row_sums, int64_t panel, std::byte* output) const {
  const int64_t channels = geometry().out_channels;
  const int64_t channel = panel * kernel_.columns;
  const int64_t out_stride = channels * out_bytes_;
  const int columns = static_cast<int>(std::min<int64_t>(kernel_.columns, channels - channel));
  std::byte* out = output + rows.first_position * out_stride + channel * out_bytes_;
  alignas(64) int32_t sums[kBatchSums];
  const int64_t batch = kBatchSums / kernel_.columns / kernel_.rows * kernel_.rows;
  for (int64_t begin = 0; begin < rows.count; begin += batch) {
    const int64_t end = std::min(begin + batch, rows.count);
    for (int64_t r = begin; r < end; r += kernel_.rows) {
      multiply(rows, r, weights_.data() + panel * panel_bytes_, columns, sums + (r - begin) * kernel_.columns);
    }
    const TileOutput tile{
        sums, kernel_.columns, static_cast<int>(end - begin), columns, channel, out + begin * out_stride, out_stride};
    if (row_sums != nullptr) correct(tile, row_sums + begin, sums);
    store(tile);
  }
}

void Product::run_stored_panel(const Rows& rows, int64_t panel, std::byte* output) const {
  const int64_t channels = geometry().out_channels;
  const int64_t channel = panel * kernel_.columns;
  const std::byte* windows[kMostRows];
  for (int64_t r = 0; r < rows.count; r += kernel_.rows) {
    TileProduct tile = tile_at(rows, r, windows);
    tile.panel = weights_.data() + panel * panel_bytes_;
    tile.columns = static_cast<int>(std::min<int64_t>(kernel_.columns, channels - channel));
    tile.rule = kernel_rule();
    tile.channel = channel;
    tile.out_stride = channels * out_bytes_;
    tile.out = output + (rows.first_position + r) * tile.out_stride + channel * out_bytes_;
    kernel_.multiply(tile);
  }
}

void Product::run_blocks(const Rows& rows, int64_t first, int64_t last, std::byte* output) const {
  if (kernel_.stores && kernel_rule() != nullptr && column_zero_points_.empty()) {
    for (int64_t p = first; p < last; ++p) run_stored_panel(rows, p, output);
    return;
  }
  const std::vector<int32_t> row_sums = sums_of(rows);
  for (int64_t p = first; p < last; ++p) run_panel(rows, row_sums.empty() ? nullptr : row_sums.data(), p, output);
}

}  // namespace quern
