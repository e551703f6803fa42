// The tile of every product on x86: up to Ops::kRows rows times two vectors of columns, held in registers. Only per-ISA
// files include it; all of it has internal linkage, so that no code compiled with one instruction set's flags can stand
// in for another's.
//
// Ops says what an instruction set does: Vector, kRows, zero(), load(address), broadcast(address of one unit, 4 bytes),
// add_product(sum, unit, weights) and store(address, sum). Where kStores, sums are floats and go to the output, by
// load_floats(address), add, set(value), bound(value, low, high) and store_some(address, value, count). An instruction
// set that stores bytes has a finish() of its own, for its Ops.
#pragma once

#include "kernels/gemm/microkernel.h"
#include "kernels/x86_namespace.h"

#define QUERN_INLINE inline __attribute__((always_inline))

namespace QUERN_X86_NAMESPACE {
namespace {

// Named members, not an array: gcc keeps an array of accumulators in memory.
template <typename Ops, int N>
struct Sums {
  Sums<Ops, N - 1> above;
  typename Ops::Vector left, right;
};
template <typename Ops>
struct Sums<Ops, 0> {};

template <typename Ops, int N>
QUERN_INLINE void clear(Sums<Ops, N>& sums) {
  if constexpr (N > 1) clear(sums.above);
  sums.left = Ops::zero();
  sums.right = Ops::zero();
}

template <typename Ops, bool kWide, int N>
QUERN_INLINE void step(Sums<Ops, N>& sums, const std::byte* const* rows, int64_t at, typename Ops::Vector left,
                       typename Ops::Vector right) {
  if constexpr (N > 1) step<Ops, kWide>(sums.above, rows, at, left, right);
  const typename Ops::Vector unit = Ops::broadcast(rows[N - 1] + at);
  sums.left = Ops::add_product(sums.left, unit, left);
  if constexpr (kWide) sums.right = Ops::add_product(sums.right, unit, right);
}

template <typename Ops, int N>
QUERN_INLINE void write(const Sums<Ops, N>& sums, std::byte* out) {
  if constexpr (N > 1) write(sums.above, out);
  constexpr int64_t kBytes = sizeof(typename Ops::Vector);
  Ops::store(out + (N - 1) * 2 * kBytes, sums.left);
  Ops::store(out + (N - 1) * 2 * kBytes + kBytes, sums.right);
}

template <typename Ops, bool kWide, int N>
void multiply_rows(const TileProduct& tile) {
  constexpr int64_t kBytes = sizeof(typename Ops::Vector);
  const std::byte* rows[N];
  for (int r = 0; r < N; ++r) rows[r] = tile.rows[r];
  Sums<Ops, N> sums;
  clear(sums);
  const std::byte* weights = tile.panel;
  for (int64_t s = 0; s < tile.segment_count; ++s) {
    const int64_t begin = tile.segments[s];
    const int64_t end = begin + tile.steps * 4;
    for (int64_t at = begin; at < end; at += 4, weights += 2 * kBytes) {
      __builtin_prefetch(weights + 1024);  // the panel is seldom in the first-level cache as a whole
      __builtin_prefetch(weights + 1088);
      step<Ops, kWide>(sums, rows, at, Ops::load(weights), Ops::load(weights + kBytes));
    }
  }
  if constexpr (Ops::kStores) {
    if (tile.rule != nullptr) return finish(sums, tile);
  }
  write(sums, static_cast<std::byte*>(tile.sums));
}

/// The row N - 1 of a tile of floats and those before it, to the output.
template <typename Ops, int N>
QUERN_INLINE void finish(const Sums<Ops, N>& sums, const TileProduct& tile) {
  constexpr int kLanes = sizeof(typename Ops::Vector) / 4;
  if constexpr (N > 1) finish(sums.above, tile);
  const auto& rule = *static_cast<const FloatRule*>(tile.rule);
  auto* out = reinterpret_cast<float*>(tile.out + (N - 1) * tile.out_stride);
  const float* bias = rule.bias + tile.channel;
  const auto low = Ops::set(rule.low), high = Ops::set(rule.high);
  Ops::store_some(out, Ops::bound(Ops::add(sums.left, Ops::load_floats(bias)), low, high), tile.columns);
  if (tile.columns <= kLanes) return;
  const auto right = Ops::bound(Ops::add(sums.right, Ops::load_floats(bias + kLanes)), low, high);
  Ops::store_some(out + kLanes, right, tile.columns - kLanes);
}

/// Calls multiply_rows for the tile's row count, at most N.
template <typename Ops, bool kWide, int N = Ops::kRows>
void multiply_tile(const TileProduct& tile) {
  if constexpr (N > 1) {
    if (tile.row_count < N) return multiply_tile<Ops, kWide, N - 1>(tile);
  }
  multiply_rows<Ops, kWide, N>(tile);
}

/// The columns of a panel.
template <typename Ops>
constexpr int kColumns = 2 * sizeof(typename Ops::Vector) / 4;

/// TileProduct's multiplication; the right half of a panel is left alone when nothing in it is wanted.
template <typename Ops>
void multiply(const TileProduct& tile) {
  if (tile.columns <= kColumns<Ops> / 2) return multiply_tile<Ops, false>(tile);
  multiply_tile<Ops, true>(tile);
}

}  // namespace
}  // namespace QUERN_X86_NAMESPACE
