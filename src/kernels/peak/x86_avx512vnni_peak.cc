// What AVX-512 VNNI multiplies at most: vpdpbusd.
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

void avx512vnni_peak_bytes(int64_t rounds) {
  const __m512i x = _mm512_set1_epi8(1);
  __m512i s0 = _mm512_setzero_si512(), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0, s8 = s0, s9 = s0,
          s10 = s0, s11 = s0;
  for (int64_t r = 0; r < rounds; ++r) {
    s0 = _mm512_dpbusd_epi32(s0, x, x);
    s1 = _mm512_dpbusd_epi32(s1, x, x);
    s2 = _mm512_dpbusd_epi32(s2, x, x);
    s3 = _mm512_dpbusd_epi32(s3, x, x);
    s4 = _mm512_dpbusd_epi32(s4, x, x);
    s5 = _mm512_dpbusd_epi32(s5, x, x);
    s6 = _mm512_dpbusd_epi32(s6, x, x);
    s7 = _mm512_dpbusd_epi32(s7, x, x);
    s8 = _mm512_dpbusd_epi32(s8, x, x);
    s9 = _mm512_dpbusd_epi32(s9, x, x);
    s10 = _mm512_dpbusd_epi32(s10, x, x);
    s11 = _mm512_dpbusd_epi32(s11, x, x);
    hold(s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11);
  }
}

}  // namespace QUERN_X86_NAMESPACE
