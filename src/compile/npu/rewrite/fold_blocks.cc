// b rows (or columns) of the input become b times the channels of one, and m = b / stride rows of the output become m
// times the channels. A tap t of output phase r then reads block (r * stride + t * dilation) / b at phase … % b, and a
// kernel over b + (k - 1) * dilation - stride + 1 rows is one over that many divided by b.
#include <fmt/format.h>

#include "compile/npu/rewrite/changes.h"
#include "compile/npu/rewrite/weights.h"

namespace quern::npu {

namespace {

constexpr int64_t kLargestBlock = 16;
/// Zeros multiplied for each weight, and weights in all: beyond, the processor is the better place.
constexpr int64_t kMostGrowth = 8;
constexpr int64_t kMostWeights = int64_t{1} << 22;

/// One axis before and after. With a block of 1 it stays as it is.
struct Axis {
  int64_t block = 1, results = 1;      ///< input rows and output rows of a block
  int64_t stride = 1, dilation = 1;    ///< as they were
  int64_t kernel = 1;                  ///< in blocks
  int64_t pad_begin = 0, pad_end = 0;  ///< put before it
  int64_t made = 0;                    ///< output rows of all blocks, some too many
  bool folds() const { return block > 1; }
};

Axis axis_of(const Spot& spot, size_t i, int64_t block) {
  const auto& a = spot.attrs<ConvAttrs>();
  const int64_t taps = spot.input(1).shape[1 + i];
  Axis axis{block, block == 1 ? 1 : block / a.strides[i], a.strides[i], a.dilations[i], taps};
  if (!axis.folds()) return axis;
  const int64_t input = spot.input(0).shape[1 + i];
  const int64_t output = spot.output().shape[1 + i];
  axis.kernel = (block - axis.stride + (taps - 1) * axis.dilation) / block + 1;
  axis.pad_begin = a.pads[i];
  const int64_t needed = block * ((output + axis.results - 1) / axis.results - 1 + axis.kernel);
  const int64_t there = (input + axis.pad_begin + block - 1) / block * block;
  const int64_t rows = std::max(needed, there);
  axis.pad_end = rows - input - axis.pad_begin;
  axis.made = (rows / block - axis.kernel + 1) * axis.results;
  return axis;
}

/// How blocks come about: by SpaceToDepth, or by a Reshape where only one axis folds and nothing lies inside it.
bool can_fold(const Spot& spot, const Axis& rows, const Axis& columns) {
  const bool flat = spot.input(0).shape[2] == 1 && spot.output().shape[2] == 1;
  const auto one_way = [&](int64_t of_rows, int64_t of_columns) {
    return of_rows == of_columns || of_rows == 1 || (of_columns == 1 && flat);
  };
  return one_way(rows.block, columns.block) && one_way(rows.results, columns.results);
}

/// Whether what is multiplied and kept stays in bounds.
bool is_affordable(const Spot& spot, const Axis& rows, const Axis& columns) {
  const Shape& w = spot.input(1).shape;
  const int64_t taps = rows.kernel * rows.block * columns.kernel * columns.block;
  return taps <= kMostGrowth * w[1] * w[2] &&
         rows.results * columns.results * taps <= kMostWeights / std::max<int64_t>(w[0] * w[3], 1);
}

/// False when the target takes no kernel over so few blocks: more of them must be folded.
bool is_smaller(const Spot& spot, const Axis& rows, const Axis& columns) {
  const OperatorRule* rule = spot.rule();
  if (rule == nullptr) return true;
  const auto holds = [&](const std::optional<Bounds>& bounds, const Axis& axis) {
    const int64_t reach = axis.folds() ? axis.kernel : (axis.kernel - 1) * axis.dilation + 1;
    return !bounds || bounds->holds(reach);
  };
  return holds(rule->kernel_extent, rows) && holds(rule->kernel_extent, columns) &&
         (!rule->kernel || (rule->kernel->holds(rows.kernel) && rule->kernel->holds(columns.kernel)));
}

Tensor folded_weights(const Tensor& w, const Axis& rows, const Axis& columns) {
  const Shape& s = w.shape();
  const int64_t phases = rows.block * columns.block;
  const WeightIndex shape = {rows.results * columns.results * s[0], rows.kernel, columns.kernel, phases * s[3]};
  /// The tap of one axis, or -1.
  const auto tap = [](const Axis& axis, int64_t block, int64_t phase, int64_t result, int64_t taps) {
    if (!axis.folds()) return block;
    const int64_t at = block * axis.block + phase - result * axis.stride;
    return at >= 0 && at % axis.dilation == 0 && at / axis.dilation < taps ? at / axis.dilation : -1;
  };
  return moved_weights(w, shape, [&](const WeightIndex& at) {
    const int64_t result = at[0] / s[0];
    const int64_t phase = at[3] / s[3];
    const int64_t y = tap(rows, at[1], phase / columns.block, result / columns.results, s[1]);
    const int64_t x = tap(columns, at[2], phase % columns.block, result % columns.results, s[2]);
    return y < 0 || x < 0 ? WeightIndex{-1} : WeightIndex{at[0] % s[0], y, x, at[3] % s[3]};
  });
}

void fold_input(Rework& rework, const Spot& spot, const Axis& rows, const Axis& columns) {
  const Pads pads = {rows.pad_begin, columns.pad_begin, rows.pad_end, columns.pad_end};
  if (pads != Pads{}) {
    PadAttrs pad;
    pad.pads = {0, pads[0], pads[1], 0, 0, pads[2], pads[3], 0};
    rework.before(0, OpKind::Pad, pad, "pad");
  }
  if (rows.block == columns.block) return rework.before(0, OpKind::SpaceToDepth, BlockAttrs{rows.block}, "fold");
  const Shape& x = spot.input(0).shape;
  const int64_t height = x[1] + rows.pad_begin + rows.pad_end;
  const int64_t width = x[2] + columns.pad_begin + columns.pad_end;
  rework.before(0, OpKind::Reshape,
                ReshapeAttrs{{x[0], height / rows.block, width / columns.block, x[3] * rows.block * columns.block}},
                "fold");
}

void unfold_output(Rework& rework, const Spot& spot, const Axis& rows, const Axis& columns) {
  const Shape& y = spot.output().shape;
  const int64_t height = rows.folds() ? rows.made : y[1];
  const int64_t width = columns.folds() ? columns.made : y[2];
  if (rows.results > 1 && columns.results > 1) {
    rework.behind(OpKind::DepthToSpace, BlockAttrs{rows.results}, "unfold");
  } else if (rows.results > 1 || columns.results > 1) {
    rework.behind(OpKind::Reshape, ReshapeAttrs{{y[0], height, width, y[3]}}, "unfold");
  }
  if (height > y[1]) rework.keep(1, 0, y[1], "rows");
  if (width > y[2]) rework.keep(2, 0, y[2], "columns");
}

void fold(const Spot& spot, const Pair& blocks, std::vector<Alternative>& ways) {
  const Axis rows = axis_of(spot, 0, blocks[0]);
  const Axis columns = axis_of(spot, 1, blocks[1]);
  if (!can_fold(spot, rows, columns) || !is_affordable(spot, rows, columns) || !is_smaller(spot, rows, columns)) return;
  Rework rework(spot);
  auto& a = rework.attrs<ConvAttrs>();
  a.auto_pad = AutoPad::explicit_pads;
  for (size_t i = 0; i < 2; ++i) {
    if (blocks[i] == 1) continue;
    a.strides[i] = a.dilations[i] = 1;
    a.pads[i] = a.pads[2 + i] = 0;
  }
  rework.set_constant(1, folded_weights(*spot.input(1).constant, rows, columns), "folded");
  if (spot.has_input(2)) {
    const int64_t times = rows.results * columns.results;
    if (times > 1) rework.set_constant(2, repeated(*spot.input(2).constant, times), "folded");
  }
  fold_input(rework, spot, rows, columns);
  unfold_output(rework, spot, rows, columns);
  ways.push_back(std::move(rework).done(
      fmt::format("has a kernel of {}x{} over blocks of {}x{}", rows.kernel, columns.kernel, blocks[0], blocks[1])));
}

}  // namespace

void fold_blocks(const Spot& spot, std::vector<Alternative>& ways) {
  if (spot.refused().kind != OpKind::Conv || !has_known_weights(spot)) return;
  const auto& a = spot.attrs<ConvAttrs>();
  if (a.groups != 1) return;
  for (int64_t block = 2; block <= kLargestBlock; ++block) {
    const bool rows = block % a.strides[0] == 0;
    const bool columns = block % a.strides[1] == 0;
    if (columns) fold(spot, {1, block}, ways);
    if (rows) fold(spot, {block, 1}, ways);
    if (rows && columns) fold(spot, {block, block}, ways);
  }
}

}  // namespace quern::npu
