// Blocks of memory with lives, packed into as little as possible: the arena's values and a scratch memory's buffers.
#pragma once

#include <cstdint>
#include <vector>

namespace quern {

/// From step `first` to step `last`, both included, `bytes` are needed; `offset` is where pack puts them.
struct Block {
  int first = 0;
  int last = -1;
  int64_t bytes = 0;
  int64_t offset = -1;
  bool needed() const { return last >= first; }
};

/// The greatest sum of blocks alive at once: no packing takes less.
int64_t least_bytes(const std::vector<Block>& blocks);

/// Gives every needed block an offset; blocks whose lives overlap do not overlap. Several orders of a greedy placement
/// are tried, then the best one is improved by moving blocks that end at the top to the front of the order, until the
/// peak is `enough` (the least bytes if that is more) or a fixed number of tries is spent. Deterministic. Returns the
/// peak.
int64_t pack(std::vector<Block>& blocks, int64_t enough = 0);

}  // namespace quern
