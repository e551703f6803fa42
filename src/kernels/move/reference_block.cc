// DepthToSpace and SpaceToDepth, channels last. In `dcr` order the channels of a pixel are [block row, block column,
// channel], in `crd` order [channel, block row, block column].
#include <cstring>

#include "kernels/reference_kernel.h"

namespace quern {

namespace {

/// The two sides of the move: the coarse one has `block` times fewer pixels each way, and more channels.
struct Block {
  int64_t rows, columns, block, channels;  ///< rows and columns of the coarse side, rows over all images; fine channels
  bool crd;
};

/// Calls move(coarse element, fine element) for every element.
template <typename Move>
void for_each_pair(const Block& s, ThreadPool& pool, Move move) {
  pool.parallel_for(s.rows, 1, [&](int64_t begin, int64_t end) {
    const int64_t area = s.block * s.block;
    for (int64_t y = begin; y < end; ++y) {
      for (int64_t x = 0; x < s.columns; ++x) {
        for (int64_t k = 0; k < area; ++k) {
          const int64_t fine_row = y * s.block + k / s.block, fine_column = x * s.block + k % s.block;
          const int64_t fine = (fine_row * s.columns * s.block + fine_column) * s.channels;
          const int64_t coarse = (y * s.columns + x) * area * s.channels;
          for (int64_t c = 0; c < s.channels; ++c) move(coarse + (s.crd ? c * area + k : k * s.channels + c), fine + c);
        }
      }
    }
  });
}

template <typename T>
std::unique_ptr<Kernel> make_block(const Block& s, bool to_fine) {
  return make_kernel([s, to_fine](const Buffers& b, ThreadPool& pool) {
    const T* in = b.in<T>(0);
    T* out = b.out<T>(0);
    if (to_fine) {
      for_each_pair(s, pool, [&](int64_t coarse, int64_t fine) { out[fine] = in[coarse]; });
    } else {
      for_each_pair(s, pool, [&](int64_t coarse, int64_t fine) { out[coarse] = in[fine]; });
    }
  });
}

}  // namespace

std::unique_ptr<Kernel> block_reference(const OpCall& call) {
  const bool to_fine = call.kind == OpKind::DepthToSpace;
  if (!to_fine && call.kind != OpKind::SpaceToDepth) return nullptr;
  if (!same_codes(call.inputs[0], call.outputs[0])) return nullptr;
  const Shape& coarse = to_fine ? call.inputs[0].shape : call.outputs[0].shape;
  const Shape& fine = to_fine ? call.outputs[0].shape : call.inputs[0].shape;
  const auto& attrs = call.as<BlockAttrs>();
  const Block s{coarse[0] * coarse[1], coarse[2], attrs.block, fine[3], to_fine && attrs.order == DepthOrder::crd};
  switch (size_of(call.outputs[0].dtype)) {
    case 1:
      return make_block<uint8_t>(s, to_fine);
    case 2:
      return make_block<uint16_t>(s, to_fine);
    case 4:
      return make_block<uint32_t>(s, to_fine);
    default:
      return make_block<uint64_t>(s, to_fine);
  }
}

}  // namespace quern
