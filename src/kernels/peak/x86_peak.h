// Twelve sums that grow in registers, on any x86 vectors. Only per-ISA files include it; all of it has internal
// linkage.
//
// Ops says what an instruction set does: Vector, zero(), one() and add_product(sum, x).
#pragma once

#include <cstdint>

#include "kernels/x86_namespace.h"

namespace QUERN_X86_NAMESPACE {
namespace {

template <typename Ops, int N>
struct PeakSums {
  PeakSums<Ops, N - 1> before;
  typename Ops::Vector sum = Ops::zero();

  inline __attribute__((always_inline)) void add(typename Ops::Vector x) {
    if constexpr (N > 1) before.add(x);
    sum = Ops::add_product(sum, x);
#ifndef QUERN_EMULATE_ISA
    asm volatile("" : "+x"(sum));  // the sum is wanted, so that its addition stays in the loop
#endif
  }
};
template <typename Ops>
struct PeakSums<Ops, 0> {};

template <typename Ops>
void grow_twelve(int64_t rounds) {
  const typename Ops::Vector x = Ops::one();
  PeakSums<Ops, 12> sums;
  for (int64_t r = 0; r < rounds; ++r) sums.add(x);
}

}  // namespace
}  // namespace QUERN_X86_NAMESPACE
