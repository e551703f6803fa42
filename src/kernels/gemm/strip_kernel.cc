#include "kernels/gemm/strip_kernel.h"

#include <algorithm>

#include "base/aligned.h"
#include "base/checked.h"
#include "kernels/gemm/row_pack.h"

namespace quern {

namespace {

// A strip's packed lines should stay in the second-level cache beside the weights of a block.
constexpr int64_t kStripBytes = 128 << 10;
// Pieces of work a thread, so that a slow core can be evened out.
constexpr int64_t kTasksPerThread = 4;
// How far beyond the last element of a packed strip kernels may read; no instruction set has longer vectors.
constexpr size_t kSlack = 64;

/// What one thread packs into; kept from run to run, since asking for it anew costs more than filling it.
struct Scratch {
  LineVector<std::byte> lines;
  std::vector<const std::byte*> windows;
};

Scratch& scratch() {
  static thread_local Scratch instance;
  return instance;
}

}  // namespace

/// Some whole output lines of one batch entry.
struct StripKernel::Strip {
  int64_t batch = 0;
  int64_t first_line = 0;
  int64_t lines = 0;
};

StripKernel::StripKernel(const ProductGeometry& geometry, const Needs& needs)
    : geometry_(geometry), needs_(needs), row_bytes_(row_element_bytes(needs.form)) {
  const bool same_elements =
      needs.form == RowForm::float32 || needs.form == RowForm::stored_bytes ||
      (needs.form == RowForm::offset_uint8 && needs.source == DType::uint8) ||
      (needs.form == RowForm::centred_int16 && needs.source == DType::int16 && needs.zero_point == 0);
  const int64_t depth = needs.by_tap ? geometry_.in_channels : geometry_.segment_depth();
  direct_ = same_elements && geometry_.inside() && depth % needs.read_multiple == 0;
  pitch_ = (direct_ ? geometry_.in_width : geometry_.columns_under()) * geometry_.in_channels;
  segments_ = needs.by_tap ? geometry_.tap_offsets(pitch_) : geometry_.segment_offsets(pitch_);
  for (int64_t& offset : segments_) offset *= static_cast<int64_t>(row_bytes_);
}

// Each thread then keeps its own blocks' weights in its core's cache from run to run.
bool StripKernel::shares_blocks(int threads) const {
  const int64_t input = geometry_.batch * geometry_.in_height * pitch_ * static_cast<int64_t>(row_bytes_);
  return threads > 1 && needs_.blocks >= threads && needs_.weight_bytes > input;
}

int64_t StripKernel::strip_lines(int threads) const {
  const auto& g = geometry_;
  if (shares_blocks(threads)) threads = 1;
  const int64_t line_bytes = pitch_ * static_cast<int64_t>(row_bytes_);
  const int64_t window = g.lines_under(1);
  const int64_t fitting = (kStripBytes / line_bytes - window) / g.strides[0] + 1;
  const int64_t share = threads == 1 ? g.out_height : ceil_div(g.batch * g.out_height, threads * kTasksPerThread);
  // A strip with fewer positions than a tile wastes the tile, and under a tall window lines would be packed repeatedly.
  const int64_t least = std::max(ceil_div(needs_.tile_rows, g.out_width), ceil_div(window, g.strides[0]));
  int64_t lines = std::max(std::min(fitting, share), least);
  // Lines of one position are strung into tiles, of which only the last strip's last should not be full.
  if (g.out_width == 1) lines = round_up(lines, needs_.tile_rows);
  return std::clamp<int64_t>(lines, 1, g.out_height);
}

std::byte* StripKernel::pack_line(const std::byte* line, std::byte* to) const {
  const auto& g = geometry_;
  const int64_t width = g.columns_under();
  const int64_t left = line == nullptr ? width : std::min(g.pad_left, width);
  const int64_t inside = std::min(g.in_width, width - left);
  const auto fill = [&](int64_t columns) {
    fill_row(needs_.form, needs_.source, needs_.zero_point, columns * g.in_channels, to);
    to += static_cast<size_t>(columns * g.in_channels) * row_bytes_;
  };
  fill(left);
  if (inside > 0) pack_row(needs_.form, needs_.source, needs_.zero_point, line, inside * g.in_channels, to);
  to += static_cast<size_t>(inside * g.in_channels) * row_bytes_;
  fill(width - left - inside);
  return to;
}

void StripKernel::pack(const std::byte* input, const Strip& strip) const {
  const auto& g = geometry_;
  const int64_t lines = g.lines_under(strip.lines);
  auto& memory = scratch().lines;
  memory.resize(std::max(memory.size(), static_cast<size_t>(lines * pitch_) * row_bytes_ + kSlack));
  const int64_t line_bytes = g.in_width * g.in_channels * static_cast<int64_t>(size_of(needs_.source));
  std::byte* to = memory.data();
  if (g.pixels()) {  // nothing lies between the lines
    pack_row(needs_.form, needs_.source, needs_.zero_point, input + strip.first_line * line_bytes,
             lines * g.in_channels, to);
    return;
  }
  for (int64_t i = 0; i < lines; ++i) {
    const int64_t y = strip.first_line * g.strides[0] - g.pad_top + i;
    const bool outside = y < 0 || y >= g.in_height;
    to = pack_line(outside ? nullptr : input + (strip.batch * g.in_height + y) * line_bytes, to);
  }
}

StripKernel::Rows StripKernel::rows_of(const std::byte* input, const Strip& strip) const {
  const auto& g = geometry_;
  const auto element = static_cast<int64_t>(row_bytes_);
  const int64_t line = pitch_ * g.strides[0] * element;
  const int64_t column = g.in_channels * g.strides[1] * element;
  if (!direct_) pack(input, strip);
  const std::byte* from =
      direct_ ? input + strip.batch * g.in_height * pitch_ * element + strip.first_line * line : scratch().lines.data();
  const int64_t first_position = (strip.batch * g.out_height + strip.first_line) * g.out_width;
  if (!needs_.lists_windows) return {nullptr, from, line, strip.lines * g.out_width, first_position};
  auto& windows = scratch().windows;
  windows.clear();
  for (int64_t y = 0; y < strip.lines; ++y) {
    for (int64_t x = 0; x < g.out_width; ++x) windows.push_back(from + y * line + x * column);
  }
  return {windows.data(), from, line, static_cast<int64_t>(windows.size()), first_position};
}

void StripKernel::run(const Buffers& buffers, ThreadPool& pool) const {
  const auto* input = buffers.in<std::byte>(0);
  auto* output = buffers.out<std::byte>(0);
  const int64_t lines = strip_lines(pool.threads());
  const int64_t strips = ceil_div(geometry_.out_height, lines);
  const int64_t all_strips = strips * geometry_.batch;
  int64_t wanted = pool.threads() == 1 ? 1 : ceil_div(pool.threads() * kTasksPerThread, all_strips);
  if (shares_blocks(pool.threads())) wanted = pool.threads();
  const int64_t share = ceil_div(needs_.blocks, std::min(wanted, needs_.blocks));
  const int64_t shares = ceil_div(needs_.blocks, share);
  pool.parallel_for(all_strips * shares, 1, [&](int64_t begin, int64_t end) {
    Rows rows;
    for (int64_t task = begin; task < end; ++task) {
      // The tasks of one strip follow each other, so that it is packed once for all that fall to this thread.
      if (task == begin || task % shares == 0) {
        const int64_t at = task / shares;
        const int64_t first_line = at % strips * lines;
        rows = rows_of(input, {at / strips, first_line, std::min(lines, geometry_.out_height - first_line)});
      }
      const int64_t first = task % shares * share;
      run_blocks(rows, first, std::min(first + share, needs_.blocks), output);
    }
  });
}

}  // namespace quern
