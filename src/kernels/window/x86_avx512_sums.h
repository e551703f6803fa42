// Sixty-four sums in the order that interleaving has made, and their way to stored bytes by the rule `float`. Only
// files of AVX-512 include it; all of it has internal linkage.
#pragma once

#include "kernels/gemm/microkernel.h"
#include "kernels/x86_intrinsics.h"

#define QUERN_INLINE inline __attribute__((always_inline))

namespace QUERN_X86_NAMESPACE {
namespace {

struct Bounds {
  __m512i zero_point, low, high;
};

/// Sixty-four sums: vector j has elements 4j…4j+3 of every sixteen.
struct Sums {
  __m512i v0, v1, v2, v3;
};

QUERN_INLINE Sums load_sums(const int32_t* bias) {
  return {_mm512_load_si512(bias), _mm512_load_si512(bias + 16), _mm512_load_si512(bias + 32),
          _mm512_load_si512(bias + 48)};
}

QUERN_INLINE __m512i rounded(__m512i sum, const float* scale) {
  return _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_cvtepi32_ps(sum), _mm512_load_ps(scale)));
}

template <bool kSignedOut>
QUERN_INLINE __m512i stored(const Sums& sums, const float* scale, const Bounds& b) {
  const __m512i low = _mm512_packs_epi32(rounded(sums.v0, scale), rounded(sums.v1, scale + 16));
  const __m512i high = _mm512_packs_epi32(rounded(sums.v2, scale + 32), rounded(sums.v3, scale + 48));
  const __m512i low_moved = _mm512_adds_epi16(low, b.zero_point);
  const __m512i high_moved = _mm512_adds_epi16(high, b.zero_point);
  if constexpr (kSignedOut) {
    return _mm512_min_epi8(_mm512_max_epi8(_mm512_packs_epi16(low_moved, high_moved), b.low), b.high);
  } else {
    return _mm512_min_epu8(_mm512_max_epu8(_mm512_packus_epi16(low_moved, high_moved), b.low), b.high);
  }
}

QUERN_INLINE Bounds bounds_of(int32_t zero_point, int32_t low, int32_t high) {
  return {_mm512_set1_epi16(static_cast<int16_t>(zero_point)), _mm512_set1_epi8(static_cast<char>(low)),
          _mm512_set1_epi8(static_cast<char>(high))};
}

}  // namespace
}  // namespace QUERN_X86_NAMESPACE
