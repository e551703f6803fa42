#include "kernels/gemm/product.h"

#include <algorithm>

#include "kernels/gemm/row_pack.h"

namespace quern {

namespace {

// A strip's packed lines should stay in the second-level cache beside a panel of weights.
constexpr int64_t kStripBytes = 128 << 10;
// Pieces of work a thread, so that a slow core can be evened out.
constexpr int64_t kTasksPerThread = 4;
// Kernels read whole units, so up to this much beyond the last element of a packed strip.
constexpr int64_t kSlack = 64;
// The largest tile of any instruction set, in sums.
constexpr int kTileSums = 16 * 64;

int64_t ceil_div(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}

/// What one thread packs into; kept from run to run, since asking for it anew costs more than filling it.
struct Scratch {
  std::vector<std::byte> lines;
  std::vector<const std::byte*> rows;
  std::vector<int32_t> row_sums;
};

Scratch& scratch() {
  static thread_local Scratch instance;
  return instance;
}

}  // namespace

/// Some whole output lines of one batch entry.
struct Product::Strip {
  int64_t batch = 0;
  int64_t first_line = 0;
  int64_t lines = 0;
  Scratch* memory = nullptr;
};

Product::Product(const ProductGeometry& geometry, const ProductKernel& kernel, RowSource source)
    : geometry_(geometry),
      kernel_(kernel),
      source_(source),
      in_bytes_(size_of(source.dtype)),
      row_bytes_(row_element_bytes(kernel.form)) {
  const bool same_elements =
      kernel.form == RowForm::float32 || (kernel.form == RowForm::offset_uint8 && source.dtype == DType::uint8);
  direct_ = same_elements && geometry_.inside() && geometry_.segment_depth() % kernel_.unit == 0;
  pitch_ = (direct_ ? geometry_.in_width : geometry_.columns_under()) * geometry_.in_channels;
  segments_ = geometry_.segment_offsets(pitch_);
  for (int64_t& offset : segments_) offset *= static_cast<int64_t>(row_bytes_);
}

void Product::subtract_row_sums(std::vector<int32_t> zero_points) {
  column_zero_points_ = std::move(zero_points);
  const int64_t cells = static_cast<int64_t>(segments_.size()) * steps();
  const int64_t cell = kernel_.columns * kernel_.unit;
  ones_.assign(static_cast<size_t>(cells * cell), std::byte{0});
  for (int64_t i = 0; i < cells; ++i) {
    const int64_t left = geometry_.segment_depth() - i % steps() * kernel_.unit;
    for (int64_t u = 0; u < std::min<int64_t>(kernel_.unit, left); ++u)
      ones_[static_cast<size_t>(i * cell + u)] = std::byte{1};
  }
}

int64_t Product::strip_lines(int threads) const {
  const int64_t line_bytes = pitch_ * static_cast<int64_t>(row_bytes_);
  const int64_t window = geometry_.lines_under(1);
  const int64_t fitting = (kStripBytes / line_bytes - window) / geometry_.strides[0] + 1;
  const int64_t share =
      threads == 1 ? geometry_.out_height : ceil_div(geometry_.batch * geometry_.out_height, threads * kTasksPerThread);
  // Less than a tile's rows a strip wastes the tile, and a tall window would be packed over and over.
  const int64_t least = std::max(ceil_div(kernel_.rows, geometry_.out_width), ceil_div(window, geometry_.strides[0]));
  return std::clamp<int64_t>(std::max(std::min(fitting, share), least), 1, geometry_.out_height);
}

void Product::pack_strip(const std::byte* input, Strip& strip) const {
  const auto& g = geometry_;
  const auto fill = [&](int64_t columns, std::byte* to) {
    fill_row(kernel_.form, source_.dtype, source_.zero_point, columns * g.in_channels, to);
    return to + static_cast<size_t>(columns * g.in_channels) * row_bytes_;
  };
  const int64_t lines = g.lines_under(strip.lines);
  strip.memory->lines.resize(std::max(strip.memory->lines.size(),
                                      static_cast<size_t>(lines * pitch_) * row_bytes_ + static_cast<size_t>(kSlack)));
  const int64_t width = g.columns_under();
  const int64_t left = std::min(g.pad_left, width);
  const int64_t inside = std::clamp<int64_t>(g.in_width, 0, width - left);
  std::byte* to = strip.memory->lines.data();
  for (int64_t i = 0; i < lines; ++i) {
    const int64_t y = strip.first_line * g.strides[0] - g.pad_top + i;
    if (y < 0 || y >= g.in_height) {
      to = fill(width, to);
      continue;
    }
    const int64_t first = (strip.batch * g.in_height + y) * g.in_width * g.in_channels;
    to = fill(left, to);
    pack_row(kernel_.form, source_.dtype, source_.zero_point, input + static_cast<size_t>(first) * in_bytes_,
             inside * g.in_channels, to);
    to = fill(width - left - inside, to + static_cast<size_t>(inside * g.in_channels) * row_bytes_);
  }
}

void Product::point_rows(const std::byte* input, Strip& strip) const {
  const auto& g = geometry_;
  const int64_t line = pitch_ * g.strides[0] * static_cast<int64_t>(row_bytes_);
  const int64_t column = g.in_channels * g.strides[1] * static_cast<int64_t>(row_bytes_);
  const std::byte* from = strip.memory->lines.data();
  if (direct_) {
    from = input + (strip.batch * g.in_height * pitch_) * static_cast<int64_t>(row_bytes_) + strip.first_line * line;
  } else {
    pack_strip(input, strip);
    from = strip.memory->lines.data();
  }
  strip.memory->rows.clear();
  for (int64_t y = 0; y < strip.lines; ++y) {
    for (int64_t x = 0; x < g.out_width; ++x) strip.memory->rows.push_back(from + y * line + x * column);
  }
}

void Product::sum_rows(Strip& strip) const {
  if (column_zero_points_.empty()) return;
  const auto count = static_cast<int64_t>(strip.memory->rows.size());
  strip.memory->row_sums.resize(static_cast<size_t>(count));
  alignas(64) int32_t sums[kTileSums];
  for (int64_t r = 0; r < count; r += kernel_.rows) {
    const int rows = static_cast<int>(std::min<int64_t>(kernel_.rows, count - r));
    kernel_.multiply({strip.memory->rows.data() + r, rows, segments_.data(), static_cast<int64_t>(segments_.size()),
                      steps(), ones_.data(), 1, sums});
    for (int i = 0; i < rows; ++i) strip.memory->row_sums[static_cast<size_t>(r + i)] = sums[i * kernel_.columns];
  }
}

void Product::correct(const Strip& strip, const TileOutput& tile, int64_t first_row, int32_t* sums) const {
  if (column_zero_points_.empty()) return;
  const int32_t* zero_points = column_zero_points_.data() + tile.channel;
  for (int r = 0; r < tile.rows; ++r) {
    // Wraps as the sums themselves may: only their final value must fit.
    const auto row_sum = static_cast<uint32_t>(strip.memory->row_sums[static_cast<size_t>(first_row + r)]);
    int32_t* row = sums + r * tile.sums_stride;
    for (int c = 0; c < tile.columns; ++c) {
      row[c] = static_cast<int32_t>(static_cast<uint32_t>(row[c]) - static_cast<uint32_t>(zero_points[c]) * row_sum);
    }
  }
}

void Product::run_panel(const Strip& strip, int64_t panel, std::byte* output) const {
  const auto& g = geometry_;
  const auto count = static_cast<int64_t>(strip.memory->rows.size());
  const int64_t channel = panel * kernel_.columns;
  const int64_t out_bytes = static_cast<int64_t>(kernel_.form == RowForm::float32 ? sizeof(float) : 1);
  const int64_t out_stride = g.out_channels * out_bytes;
  std::byte* out =
      output + (strip.batch * g.out_height + strip.first_line) * g.out_width * out_stride + channel * out_bytes;
  const int columns = static_cast<int>(std::min<int64_t>(kernel_.columns, g.out_channels - channel));
  alignas(64) int32_t sums[kTileSums];
  for (int64_t r = 0; r < count; r += kernel_.rows) {
    const int rows = static_cast<int>(std::min<int64_t>(kernel_.rows, count - r));
    kernel_.multiply({strip.memory->rows.data() + r, rows, segments_.data(), static_cast<int64_t>(segments_.size()),
                      steps(), weights_.data() + panel * panel_bytes_, columns, sums});
    const TileOutput tile{sums, kernel_.columns, rows, columns, channel, out + r * out_stride, out_stride};
    correct(strip, tile, r, sums);
    store(tile);
  }
}

void Product::run(const Buffers& buffers, ThreadPool& pool) const {
  const auto* input = buffers.in<std::byte>(0);
  auto* output = buffers.out<std::byte>(0);
  const int64_t lines = strip_lines(pool.threads());
  const int64_t strips = ceil_div(geometry_.out_height, lines);
  const int64_t all_strips = strips * geometry_.batch;
  const int64_t wanted = pool.threads() == 1 ? 1 : ceil_div(pool.threads() * kTasksPerThread, all_strips);
  const int64_t block = ceil_div(panels(), std::min(wanted, panels()));
  const int64_t blocks = ceil_div(panels(), block);
  pool.parallel_for(all_strips * blocks, 1, [&](int64_t begin, int64_t end) {
    Strip strip{.memory = &scratch()};
    for (int64_t task = begin; task < end; ++task) {
      // A thread's tasks are neighbours: all channel blocks of a strip follow each other, and the strip is packed once.
      const int64_t at = task / blocks;
      if (task == begin || task % blocks == 0) {
        strip.batch = at / strips;
        strip.first_line = at % strips * lines;
        strip.lines = std::min(lines, geometry_.out_height - strip.first_line);
        point_rows(input, strip);
        sum_rows(strip);
      }
      const int64_t first = task % blocks * block;
      for (int64_t p = first; p < std::min(first + block, panels()); ++p) run_panel(strip, p, output);
    }
  });
}

}  // namespace quern
