// Consecutive jobs computed tile by tile together: what lies between them never leaves a tile's buffers.
#pragma once

#include "compile/npu/part.h"

namespace quern::npu {

/// Jobs first … last; outputs of all but the last are read by jobs of the group only.
struct Group {
  int first = 0, last = 0;
  int size() const { return last - first + 1; }
};

/// One job on one tile.
struct TileJob {
  Box output;
  Cut cut;
};

/// How the output of a group's last job is cut: extents of a tile (the last along an axis may be smaller). With
/// `inner_first` the innermost axis is the outermost loop: weights are loaded once for all rows.
struct Tiling {
  Ints extent;
  bool inner_first = false;
};

/// The boxes of a tiling, in the order in which they are computed.
std::vector<Box> tiles_of(const Shape& shape, const Tiling& tiling);

/// What each job of the group computes for one box of the last one's output.
std::vector<TileJob> footprint(const Part& part, const Group& group, const Box& output);

/// True when each job of a tile computes a box that its operator can be cut to.
bool can_cut(const Part& part, const Group& group, const std::vector<TileJob>& tile);

/// True when job `last` + 1 can join: every value between is read within only, has an array of its own, and is not
/// read outside.
bool can_join(const Part& part, const std::vector<std::vector<int>>& readers, const Group& group);

/// Jobs that read each value, by value; reading any value that shares an array counts for the owner too.
std::vector<std::vector<int>> readers_of(const Part& part);

/// The quantization of a box of a value.
Quantization quantization_of(const PartValue& value, const Box& box);

}  // namespace quern::npu
