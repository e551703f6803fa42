// What a tiling costs: cycles of the engines, bytes moved, and the scratch memory it takes. The figures are those of
// docs/npu.md; the tiling that the model finds cheapest is taken.
#pragma once

#include "compile/npu/group.h"

namespace quern::npu {

/// The machine that is compiled for.
struct Chip {
  MachineFigures figures;
  int64_t scratch_bytes = 0;
};

struct Cost {
  double conv = 0, vector = 0;  ///< cycles
  double load_bytes = 0, store_bytes = 0;
  int64_t loads = 0, stores = 0, tiles = 0;
  int64_t scratch = 0;         ///< bytes of a tile's buffers at once
  int64_t scratch_double = 0;  ///< the same with the next tile's loads and the last one's store beside them
  double cycles = 0;           ///< from the first load to the last store, where `room` bytes are at hand
  bool fits = false;
};

/// Cycles of one job computing a box, on its engine, without the overhead a layer.
double job_cycles(const Part& part, const Job& job, const TileJob& tile, const MachineFigures& figures);
/// True for the kinds that the conv engine computes.
bool on_conv_engine(OpKind kind);

/// Values that stay in scratch for all their life, by owner.
using Residents = std::vector<bool>;

/// `room` is the scratch memory that is free beside the values that stay. Adding up ends, and `fits` is false, as soon
/// as more is needed or more than `limit` cycles are spent.
Cost cost_of(const Part& part, const Group& group, const Tiling& tiling, const Residents& residents, const Chip& chip,
             int64_t room, double limit);

/// 64-byte aligned size.
inline int64_t buffer_bytes(int64_t bytes) {
  return (std::max<int64_t>(bytes, 1) + 63) / 64 * 64;
}

}  // namespace quern::npu
