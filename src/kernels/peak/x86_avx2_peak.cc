// What AVX2 multiplies at most: vpmaddwd with its addition for integers, fused multiply-add for float32.
#include "kernels/peak/peak.h"
#include "kernels/x86_intrinsics.h"

namespace QUERN_X86_NAMESPACE {

namespace {

/// Keeps the sums in registers and their additions in the loop.
template <typename... Vectors>
inline __attribute__((always_inline)) void hold(Vectors&... vectors) {
#ifndef QUERN_EMULATE_ISA
  (..., [](Vectors& v) { asm volatile("" : "+x"(v)); }(vectors));
#else
  ((void)vectors, ...);
#endif
}

}  // namespace

void avx2_peak_bytes(int64_t rounds) {
  const __m256i x = _mm256_set1_epi16(1);
  __m256i s0 = _mm256_setzero_si256(), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0, s8 = s0, s9 = s0,
          s10 = s0, s11 = s0;
  for (int64_t r = 0; r < rounds; ++r) {
    s0 = _mm256_add_epi32(s0, _mm256_madd_epi16(x, x));
    s1 = _mm256_add_epi32(s1, _mm256_madd_epi16(x, x));
    s2 = _mm256_add_epi32(s2, _mm256_madd_epi16(x, x));
    s3 = _mm256_add_epi32(s3, _mm256_madd_epi16(x, x));
    s4 = _mm256_add_epi32(s4, _mm256_madd_epi16(x, x));
    s5 = _mm256_add_epi32(s5, _mm256_madd_epi16(x, x));
    s6 = _mm256_add_epi32(s6, _mm256_madd_epi16(x, x));
    s7 = _mm256_add_epi32(s7, _mm256_madd_epi16(x, x));
    s8 = _mm256_add_epi32(s8, _mm256_madd_epi16(x, x));
    s9 = _mm256_add_epi32(s9, _mm256_madd_epi16(x, x));
    s10 = _mm256_add_epi32(s10, _mm256_madd_epi16(x, x));
    s11 = _mm256_add_epi32(s11, _mm256_madd_epi16(x, x));
    hold(s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11);
  }
}

void avx2_peak_floats(int64_t rounds) {
  const __m256 x = _mm256_set1_ps(1.0f);
  __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0, s8 = s0, s9 = s0,
         s10 = s0, s11 = s0;
  for (int64_t r = 0; r < rounds; ++r) {
    s0 = _mm256_fmadd_ps(x, x, s0);
    s1 = _mm256_fmadd_ps(x, x, s1);
    s2 = _mm256_fmadd_ps(x, x, s2);
    s3 = _mm256_fmadd_ps(x, x, s3);
    s4 = _mm256_fmadd_ps(x, x, s4);
    s5 = _mm256_fmadd_ps(x, x, s5);
    s6 = _mm256_fmadd_ps(x, x, s6);
    s7 = _mm256_fmadd_ps(x, x, s7);
    s8 = _mm256_fmadd_ps(x, x, s8);
    s9 = _mm256_fmadd_ps(x, x, s9);
    s10 = _mm256_fmadd_ps(x, x, s10);
    s11 = _mm256_fmadd_ps(x, x, s11);
    hold(s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11);
  }
}

}  // namespace QUERN_X86_NAMESPACE
