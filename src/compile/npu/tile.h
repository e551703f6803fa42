// The best tiling of a group for the scratch memory at hand.
#pragma once

#include <optional>

#include "compile/npu/cost.h"

namespace quern::npu {

struct TileChoice {
  Tiling tiling;
  Cost cost;
};

/// Nothing when no tiling fits `room` bytes. `least` then holds the fewest bytes that any tiling takes.
std::optional<TileChoice> choose_tiling(const Part& part, const Group& group, const Residents& residents,
                                        const Chip& chip, int64_t room, int64_t* least = nullptr);

}  // namespace quern::npu
