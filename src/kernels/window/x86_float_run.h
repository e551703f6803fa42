// Runs of depthwise windows of float32, on any x86 vectors. Only per-ISA files include it; all of it has internal
// linkage.
//
// Ops says what an instruction set does: Vector, load(address), load_some(address, count), store, store_some,
// add_product(sum, x, weights), bound(value, low, high) and set(value).
#pragma once

#include "kernels/gemm/microkernel.h"
#include "kernels/x86_namespace.h"

#define QUERN_INLINE inline __attribute__((always_inline))

namespace QUERN_X86_NAMESPACE {
namespace {

/// kFloatRunVector elements, in so many vectors.
template <typename Ops>
constexpr int kVectors = kFloatRunVector / static_cast<int>(sizeof(typename Ops::Vector) / sizeof(float));

/// Vector N - 1 of a pattern's elements and those before it: named members, not an array, which gcc keeps in memory.
template <typename Ops, int N>
struct RunSums {
  RunSums<Ops, N - 1> before;
  typename Ops::Vector sum;
};
template <typename Ops>
struct RunSums<Ops, 0> {};

template <typename Ops, int N>
QUERN_INLINE void begin(RunSums<Ops, N>& sums, const float* bias) {
  constexpr int kLanes = sizeof(typename Ops::Vector) / sizeof(float);
  if constexpr (N > 1) begin(sums.before, bias);
  sums.sum = Ops::load(bias + (N - 1) * kLanes);
}

/// `left` is the number of elements that may be read, or negative: all.
template <typename Ops, bool kWhole, int N>
QUERN_INLINE void add_tap(RunSums<Ops, N>& sums, const float* x, const float* weights, int64_t left) {
  constexpr int kLanes = sizeof(typename Ops::Vector) / sizeof(float);
  constexpr int kAt = (N - 1) * kLanes;
  if constexpr (N > 1) add_tap<Ops, kWhole>(sums.before, x, weights, left);
  const typename Ops::Vector v = kWhole ? Ops::load(x + kAt) : Ops::load_some(x + kAt, left - kAt);
  sums.sum = Ops::add_product(sums.sum, v, Ops::load(weights + kAt));
}

template <typename Ops, bool kWhole, int N>
QUERN_INLINE void finish(const RunSums<Ops, N>& sums, const FloatWindowRun& w, float* out, int64_t left) {
  constexpr int kLanes = sizeof(typename Ops::Vector) / sizeof(float);
  constexpr int kAt = (N - 1) * kLanes;
  if constexpr (N > 1) finish<Ops, kWhole>(sums.before, w, out, left);
  const typename Ops::Vector v = Ops::bound(sums.sum, Ops::set(w.low), Ops::set(w.high));
  if constexpr (kWhole) {
    Ops::store(out + kAt, v);
  } else {
    Ops::store_some(out + kAt, v, left - kAt);
  }
}

template <typename Ops, bool kWhole>
QUERN_INLINE void run_elements(const FloatWindowRun& w, int64_t pattern, int64_t start, float* out, int64_t left) {
  const float* weights = w.weights + pattern * (w.tap_count + 1) * kFloatRunVector;
  RunSums<Ops, kVectors<Ops>> sums;
  begin(sums, weights);
  for (int64_t t = 0; t < w.tap_count; ++t) {
    weights += kFloatRunVector;
    add_tap<Ops, kWhole>(sums, reinterpret_cast<const float*>(w.taps[t]) + start, weights, left);
  }
  finish<Ops, kWhole>(sums, w, out, left);
}

template <typename Ops>
void run_floats(const FloatWindowRun& run) {
  const FloatWindowRun w = run;
  float* out = w.out;
  for (int64_t r = 0; r < w.runs; ++r, out += w.length) {
    const int64_t start = r * w.pitch / static_cast<int64_t>(sizeof(float));
    int64_t pattern = 0;
    for (int64_t i = 0; i < w.length; i += kFloatRunVector) {
      if (w.length - i >= kFloatRunVector) {
        run_elements<Ops, true>(w, pattern, start + i, out + i, 0);
      } else {
        run_elements<Ops, false>(w, pattern, start + i, out + i, w.length - i);
      }
      pattern = pattern + 1 == w.patterns ? 0 : pattern + 1;
    }
  }
}

}  // namespace
}  // namespace QUERN_X86_NAMESPACE
