// What AVX-512 multiplies at most: fused multiply-add of float32.
#include "kernels/peak/peak.h"
#include "kernels/x86_intrinsics.h"

namespace QUERN_X86_NAMESPACE {

namespace {

/// Keeps the sums in registers and their additions in the loop.
template <typename... Vectors>
inline __attribute__((always_inline)) void hold(Vectors&... vectors) {
#ifndef QUERN_EMULATE_ISA
  (..., [](Vectors& v) { asm volatile("" : "+v"(v)); }(vectors));
#else
  ((void)vectors, ...);
#endif
}

}  // namespace

void avx512_peak_floats(int64_t rounds) {
  const __m512 x = _mm512_set1_ps(1.0f);
  __m512 s0 = _mm512_setzero_ps(), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0, s8 = s0, s9 = s0,
         s10 = s0, s11 = s0;
  for (int64_t r = 0; r < rounds; ++r) {
    s0 = _mm512_fmadd_ps(x, x, s0);
    s1 = _mm512_fmadd_ps(x, x, s1);
    s2 = _mm512_fmadd_ps(x, x, s2);
    s3 = _mm512_fmadd_ps(x, x, s3);
    s4 = _mm512_fmadd_ps(x, x, s4);
    s5 = _mm512_fmadd_ps(x, x, s5);
    s6 = _mm512_fmadd_ps(x, x, s6);
    s7 = _mm512_fmadd_ps(x, x, s7);
    s8 = _mm512_fmadd_ps(x, x, s8);
    s9 = _mm512_fmadd_ps(x, x, s9);
    s10 = _mm512_fmadd_ps(x, x, s10);
    s11 = _mm512_fmadd_ps(x, x, s11);
    hold(s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11);
  }
}

}  // namespace QUERN_X86_NAMESPACE
