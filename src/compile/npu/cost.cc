#include "compile/npu/cost.h"

#include <algorithm>
#include <map>

#include "targets/sim/machine/timing.h"

namespace quern::npu {

namespace {

machine::ProductExtents convolution_of(const Job& job, const TileJob& tile) {
  const Box& w = tile.cut.inputs[1];
  const bool transposed = job.kind == OpKind::ConvTranspose;
  const Box& swept = transposed ? tile.cut.inputs[0] : tile.output;
  machine::ProductExtents p;
  p.groups =
      transposed ? std::get<ConvTransposeAttrs>(tile.cut.attrs).groups : std::get<ConvAttrs>(tile.cut.attrs).groups;
  p.in = w.extent[3];
  p.out = w.extent[0] / p.groups;
  p.kernel_h = w.extent[1];
  p.kernel_w = w.extent[2];
  p.pixels = swept.extent[0] * swept.extent[1] * swept.extent[2];
  return p;
}

machine::ProductExtents product_of(const Job& job, const TileJob& tile) {
  if (job.kind == OpKind::Conv || job.kind == OpKind::ConvTranspose) return convolution_of(job, tile);
  const Ints& x = tile.cut.inputs[0].extent;
  const Ints& y = tile.output.extent;
  const bool turned = job.kind == OpKind::MatMul && std::get<MatMulAttrs>(job.attrs).transpose_a;
  machine::ProductExtents p;
  p.in = x[x.size() - (turned && x.size() > 1 ? 2 : 1)];
  p.out = y.empty() ? 1 : y.back();
  p.pixels = elements(tile.output) / std::max<int64_t>(p.out, 1);
  return p;
}

/// What a tile costs beyond its figures: of two tilings that are as fast, the one with fewer commands is taken.
constexpr double kTileCycles = 100;

double vector_cycles(const Part& part, const Job& job, const TileJob& tile, const MachineFigures& f) {
  int64_t bytes = elements(tile.output) * part.value(job.output).element();
  for (size_t i = 0; i < job.inputs.size(); ++i) {
    if (job.inputs[i] >= 0) bytes += elements(tile.cut.inputs[i]) * part.value(job.inputs[i]).element();
  }
  return static_cast<double>(bytes) / f.vector_bytes_per_cycle;
}

/// Walks the tiles of a group and adds up.
class Walk {
 public:
  Walk(const Part& part, const Group& group, const Residents& residents, const Chip& chip)
      : part_(part), group_(group), residents_(residents), chip_(chip) {}

  void tile(const Box& output) {
    const std::vector<TileJob> tile = footprint(part_, group_, output);
    possible = possible && can_cut(part_, group_, tile);
    if (!possible) return;  // a slice of half a group has no extents to count with
    int64_t fresh = 0;
    int64_t own = 0;
    for (int j = group_.first; j <= group_.last; ++j) {
      const Job& job = part_.jobs[static_cast<size_t>(j)];
      const TileJob& mine = tile[static_cast<size_t>(j - group_.first)];
      compute(job, mine);
      for (size_t i = 0; i < job.inputs.size(); ++i) fresh += load(j, i, mine.cut.inputs[i]);
      own += result(j, mine);
    }
    const int64_t now = held_ + own;
    cost.scratch = std::max(cost.scratch, now);
    cost.scratch_double = std::max(cost.scratch_double, now + (cost.tiles == 0 ? 0 : replaced_ + own_before_));
    own_before_ = own;
    replaced_ = 0;
    ++cost.tiles;
    if (cost.tiles == 1) first_fresh_ = fresh;
    last_out_ = own;
  }

  Cost cost;
  bool possible = true;
  int64_t first_fresh() const { return first_fresh_; }
  int64_t last_out() const { return last_out_; }

 private:
  void compute(const Job& job, const TileJob& mine) {
    (on_conv_engine(job.kind) ? cost.conv : cost.vector) += job_cycles(part_, job, mine, chip_.figures);
  }

  bool made_within(int value) const {
    for (int j = group_.first; j < group_.last; ++j) {
      if (part_.jobs[static_cast<size_t>(j)].output == value) return true;
    }
    return false;
  }

  /// Bytes loaded for an operand; none when it stays, is made here, or the last tile's is the same.
  int64_t load(int j, size_t i, const Box& box) {
    const int id = part_.jobs[static_cast<size_t>(j)].inputs[i];
    if (id < 0 || made_within(id)) return 0;
    const PartValue& value = part_.value(id);
    if (value.constant < 0 && residents_[static_cast<size_t>(value.owner)]) return 0;
    auto& [last, bytes] = operands_[{j, i}];
    if (last == box && bytes > 0) return 0;
    replaced_ += bytes;
    held_ -= bytes;
    last = box;
    bytes = buffer_bytes(elements(box) * value.element());
    held_ += bytes;
    cost.load_bytes += static_cast<double>(elements(box) * value.element());
    ++cost.loads;
    return bytes;
  }

  /// Bytes of the buffer a result takes; stores of the last job's are counted.
  int64_t result(int j, const TileJob& mine) {
    const PartValue& value = part_.value(part_.jobs[static_cast<size_t>(j)].output);
    const int64_t bytes = elements(mine.output) * value.element();
    if (j < group_.last) return buffer_bytes(bytes);
    const bool stays = residents_[static_cast<size_t>(value.owner)];
    if (!stays || part_.owner(part_.jobs[static_cast<size_t>(j)].output).leaves) {
      cost.store_bytes += static_cast<double>(bytes);
      ++cost.stores;
    }
    return stays ? 0 : buffer_bytes(bytes);
  }

  const Part& part_;
  const Group& group_;
  const Residents& residents_;
  const Chip& chip_;
  std::map<std::pair<int, size_t>, std::pair<Box, int64_t>> operands_;
  int64_t held_ = 0, replaced_ = 0, own_before_ = 0, first_fresh_ = 0, last_out_ = 0;
};

}  // namespace

bool on_conv_engine(OpKind kind) {
  return kind == OpKind::Conv || kind == OpKind::ConvTranspose || kind == OpKind::FullyConnected ||
         kind == OpKind::MatMul;
}

double job_cycles(const Part& part, const Job& job, const TileJob& tile, const MachineFigures& figures) {
  if (on_conv_engine(job.kind)) {
    machine::ProductExtents product = product_of(job, tile);
    product.wide = part.value(job.inputs[0]).element() > 1;
    return machine::product_cycles(product, figures);
  }
  return vector_cycles(part, job, tile, figures);
}

Cost cost_of(const Part& part, const Group& group, const Tiling& tiling, const Residents& residents, const Chip& chip,
             int64_t room, double limit) {
  Walk walk(part, group, residents, chip);
  const Shape& shape = part.value(part.jobs[static_cast<size_t>(group.last)].output).shape;
  for (const Box& box : tiles_of(shape, tiling)) {
    walk.tile(box);
    const bool hopeless =
        !walk.possible || walk.cost.scratch > room || std::max(walk.cost.conv, walk.cost.vector) > limit;
    if (!hopeless) continue;
    walk.cost.fits = false;
    return walk.cost;
  }
  Cost cost = walk.cost;
  const MachineFigures& f = chip.figures;
  const double dma = (cost.load_bytes + cost.store_bytes) / f.dma_bytes_per_cycle +
                     static_cast<double>(std::max(cost.loads, cost.stores)) * f.dma_latency_cycles;
  const double fill = static_cast<double>(walk.first_fresh() + walk.last_out()) / f.dma_bytes_per_cycle / 2;
  const double tiles = static_cast<double>(std::max<int64_t>(cost.tiles, 1));
  cost.fits = walk.possible && cost.scratch <= room;
  cost.cycles = cost.scratch_double <= room
                    ? std::max({cost.conv, cost.vector, dma}) + fill + std::min(cost.conv, cost.vector) / tiles
                    : cost.conv + cost.vector + dma;
  cost.cycles += kTileCycles * tiles * group.size();
  return cost;
}

}  // namespace quern::npu
