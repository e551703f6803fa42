// Concat and Split: blocks of consecutive bytes change place.
#include <cstring>
#include <numeric>
#include <vector>

#include "kernels/reference_kernel.h"

namespace quern {

namespace {

/// The bytes each part has between two steps of the axes before `axis`, and their sum.
struct Blocks {
  int64_t outer = 1;
  std::vector<int64_t> parts;
  int64_t whole = 0;
};

Blocks blocks_of(const std::vector<Operand>& parts, size_t axis) {
  Blocks blocks;
  const Shape& first = parts[0].shape;
  blocks.outer = extent_product(first, 0, axis);
  for (const Operand& part : parts) {
    const auto size = static_cast<int64_t>(size_of(part.dtype));
    blocks.parts.push_back(part.present ? extent_product(part.shape, axis, part.shape.size()) * size : 0);
  }
  blocks.whole = std::accumulate(blocks.parts.begin(), blocks.parts.end(), int64_t{0});
  return blocks;
}

bool all_same_codes(const std::vector<Operand>& parts, const Operand& whole) {
  for (const Operand& part : parts) {
    if (part.present && !same_codes(part, whole)) return false;
  }
  return true;
}

/// Calls move(part, offset in the whole, offset in the part, bytes) for every block.
template <typename Move>
void for_each_block(const Blocks& blocks, ThreadPool& pool, Move move) {
  pool.parallel_for(blocks.outer, grain_for(blocks.whole), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      int64_t at = i * blocks.whole;
      for (size_t p = 0; p < blocks.parts.size(); ++p) {
        if (blocks.parts[p] > 0) move(p, at, i * blocks.parts[p], static_cast<size_t>(blocks.parts[p]));
        at += blocks.parts[p];
      }
    }
  });
}

}  // namespace

std::unique_ptr<Kernel> concat_reference(const OpCall& call) {
  if (call.kind != OpKind::Concat || !all_same_codes(call.inputs, call.outputs[0])) return nullptr;
  const auto axis = static_cast<size_t>(call.as<AxisAttrs>().axis);
  return make_kernel([blocks = blocks_of(call.inputs, axis)](const Buffers& b, ThreadPool& pool) {
    for_each_block(blocks, pool, [&](size_t part, int64_t whole, int64_t own, size_t bytes) {
      std::memcpy(b.out<std::byte>(0) + whole, b.in<std::byte>(part) + own, bytes);
    });
  });
}

std::unique_ptr<Kernel> split_reference(const OpCall& call) {
  if (call.kind != OpKind::Split || !all_same_codes(call.outputs, call.inputs[0])) return nullptr;
  const auto axis = static_cast<size_t>(call.as<SplitAttrs>().axis);
  return make_kernel([blocks = blocks_of(call.outputs, axis)](const Buffers& b, ThreadPool& pool) {
    for_each_block(blocks, pool, [&](size_t part, int64_t whole, int64_t own, size_t bytes) {
      if (b.outputs[part] != nullptr) std::memcpy(b.out<std::byte>(part) + own, b.in<std::byte>(0) + whole, bytes);
    });
  });
}

}  // namespace quern
