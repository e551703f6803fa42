#include "compile/npu/tile.h"

#include <algorithm>
#include <limits>

namespace quern::npu {

namespace {

/// More tiles than this are tried only when nothing larger fits.
constexpr int64_t kManyTiles = 96;

/// What cuts of the group's output must be multiples of: those of the last job, and rows only where jobs before it can
/// follow. A value that joins within must be computed element by element or by rows from it.
Ints group_grains(const Part& part, const Group& group) {
  Ints grain = grains(call_of(part, part.jobs[static_cast<size_t>(group.last)]));
  if (group.size() == 1) return grain;
  for (int j = group.first; j < group.last; ++j) {
    const Ints mine = grains(call_of(part, part.jobs[static_cast<size_t>(j)]));
    if (mine.size() != grain.size()) return Ints(grain.size(), 0);
    for (size_t axis = 0; axis < grain.size(); ++axis) {
      grain[axis] = grain[axis] == 0 || mine[axis] == 0 ? 0 : std::max(grain[axis], mine[axis]);
    }
  }
  return grain;
}

/// Extents that cut an axis into 1, 2, 3 … nearly equal parts, multiples of the grain.
Ints cuts_of(int64_t extent, int64_t grain, int64_t most) {
  Ints cuts{extent};
  if (grain == 0) return cuts;
  for (int64_t parts = 2; parts <= extent && static_cast<int64_t>(cuts.size()) < most; parts += 1 + parts / 2) {
    const int64_t size = ((extent + parts - 1) / parts + grain - 1) / grain * grain;
    if (size < cuts.back()) cuts.push_back(size);
  }
  if (grain < cuts.back()) cuts.push_back(grain);
  return cuts;
}

/// Products whose scale is one a channel are rounded another way when a slice has a single channel.
bool single_channel_is_apart(const Part& part, const Group& group) {
  for (int j = group.first; j <= group.last; ++j) {
    for (int input : part.jobs[static_cast<size_t>(j)].inputs) {
      if (input >= 0 && part.value(input).quantization.per_axis()) return true;
    }
  }
  return false;
}

class Search {
 public:
  Search(const Part& part, const Group& group, const Residents& residents, const Chip& chip, int64_t room)
      : part_(part), group_(group), residents_(residents), chip_(chip), room_(room) {
    shape_ = part.value(part.jobs[static_cast<size_t>(group.last)].output).shape;
    grains_ = group_grains(part, group);
    apart_ = single_channel_is_apart(part, group);
  }

  /// Leading axes are cut first: of the axis that is cut, all before it are cut to single steps.
  void run() {
    try_tiling({shape_, false});
    const size_t rank = shape_.size();
    if (rank == 0) return;
    const bool channels = grains_[rank - 1] > 0 && shape_[rank - 1] > grains_[rank - 1];
    const Ints slices = channels ? cuts_of(shape_[rank - 1], channel_grain(), 5) : Ints{shape_[rank - 1]};
    Ints extent = shape_;
    for (size_t axis = 0; axis + 1 < rank || axis == 0; ++axis) {
      if (axis + 1 == rank) break;
      for (int64_t size : cuts_of(shape_[axis], grains_[axis], 9)) try_slices(extent, axis, size, slices);
      if (grains_[axis] > 0) extent[axis] = std::min(extent[axis], grains_[axis]);
      if (best_ && best_->cost.cycles > 0 && axis >= 2) break;
    }
    if (rank == 1 || !best_) try_last(extent, slices);
  }

  std::optional<TileChoice> best() const { return best_; }
  int64_t least() const { return least_; }

 private:
  int64_t channel_grain() const {
    const OpKind kind = part_.jobs[static_cast<size_t>(group_.last)].kind;
    const int64_t grain = grains_.back();
    if (grain != 1 || !on_conv_engine(kind)) return grain;
    return std::min<int64_t>(chip_.figures.go, std::max<int64_t>(shape_.back() / 2, 1));
  }

  void try_slices(Ints extent, size_t axis, int64_t size, const Ints& slices) {
    extent[axis] = size;
    for (int64_t slice : slices) {
      extent.back() = slice;
      try_tiling({extent, false});
      if (slice < shape_.back() && extent != shape_) try_tiling({extent, true});
    }
  }

  /// Nothing fitted: the innermost axis in ever smaller pieces.
  void try_last(Ints extent, const Ints& slices) {
    for (int64_t slice : slices) {
      extent.back() = slice;
      try_tiling({extent, false});
    }
    for (int64_t slice : cuts_of(shape_.back(), grains_.back(), 40)) {
      if (best_) return;
      extent.back() = slice;
      try_tiling({extent, false});
    }
  }

  int64_t count(const Tiling& tiling) const {
    int64_t tiles = 1;
    for (size_t axis = 0; axis < shape_.size(); ++axis)
      tiles *= (shape_[axis] + tiling.extent[axis] - 1) / std::max<int64_t>(tiling.extent[axis], 1);
    return tiles;
  }

  void try_tiling(const Tiling& tiling) {
    if (apart_ && !shape_.empty() && shape_.back() > 1 &&
        (tiling.extent.back() == 1 || shape_.back() % tiling.extent.back() == 1)) {
      return;
    }
    if (best_ && count(tiling) > kManyTiles) return;
    const Cost cost = cost_of(part_, group_, tiling, residents_, chip_, room_,
                              best_ ? best_->cost.cycles : std::numeric_limits<double>::infinity());
    least_ = least_ < 0 ? cost.scratch : std::min(least_, cost.scratch);
    if (!cost.fits || (best_ && best_->cost.cycles <= cost.cycles)) return;
    best_ = TileChoice{tiling, cost};
  }

  const Part& part_;
  const Group& group_;
  const Residents& residents_;
  const Chip& chip_;
  int64_t room_;
  Shape shape_;
  Ints grains_;
  bool apart_ = false;
  std::optional<TileChoice> best_;
  int64_t least_ = -1;
};

}  // namespace

std::optional<TileChoice> choose_tiling(const Part& part, const Group& group, const Residents& residents,
                                        const Chip& chip, int64_t room, int64_t* least) {
  Search search(part, group, residents, chip, room);
  search.run();
  if (least != nullptr) *least = search.least();
  return search.best();
}

}  // namespace quern::npu
