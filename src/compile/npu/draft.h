// A partition's commands before their order and their places in scratch are decided: addresses lie in numbered buffers.
#pragma once

#include <span>

#include "compile/npu/group.h"
#include "compile/npu/tile.h"

namespace quern::npu {

/// A place in a buffer, as an address: the buffer's number in the high bits.
inline constexpr int kBufferBits = 32;
inline int64_t address_in(int buffer, int64_t offset) {
  return (static_cast<int64_t>(buffer) << kBufferBits) + offset;
}
inline int buffer_of(int64_t address) {
  return static_cast<int>(address >> kBufferBits);
}
inline int64_t offset_of(int64_t address) {
  return address & ((int64_t{1} << kBufferBits) - 1);
}

/// One computation, what must be loaded for it that is not yet there, and what is stored of its result.
struct Stage {
  uint32_t layer = 0;
  Engine engine = Engine::conv;
  Computation computation;
  std::vector<Transfer> loads;
  std::vector<Transfer> stores;
};

struct Draft {
  std::vector<Stage> stages;
  std::vector<int64_t> buffers;  ///< bytes of each
  std::vector<Quantization> quantizations;
  std::vector<std::byte> image;
};

/// A group with its tiling.
struct TiledGroup {
  Group group;
  TileChoice choice;
  bool overlapped = false;  ///< there is room for two tiles at once
};

/// The stages of all groups, in order.
Draft draft_stages(const Part& part, const std::vector<Tensor>& constants, const std::vector<TiledGroup>& groups,
                   const Residents& residents);

/// Transfers of a box between an array outside and a dense buffer.
std::vector<Transfer> transfers_of(const Transfer& base, const Box& box, const Ints& outside_strides,
                                   int64_t element_bytes);

}  // namespace quern::npu
