// Depthwise windows of bytes on AVX-512 VNNI, from taps to stored bytes in registers. Four taps side by side are one
// operand of vpdpbusd; narrowing the four vectors of sums undoes the order that interleaving the taps has made.
#include "kernels/gemm/x86.h"
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

QUERN_INLINE void add_quad(Sums& sums, const std::byte* from, const int64_t* taps, const std::byte* weights) {
  const __m512i a = _mm512_loadu_si512(from + taps[0]);
  const __m512i b = _mm512_loadu_si512(from + taps[1]);
  const __m512i c = _mm512_loadu_si512(from + taps[2]);
  const __m512i d = _mm512_loadu_si512(from + taps[3]);
  const __m512i ab_low = _mm512_unpacklo_epi8(a, b), ab_high = _mm512_unpackhi_epi8(a, b);
  const __m512i cd_low = _mm512_unpacklo_epi8(c, d), cd_high = _mm512_unpackhi_epi8(c, d);
  sums.v0 = _mm512_dpbusd_epi32(sums.v0, _mm512_unpacklo_epi16(ab_low, cd_low), _mm512_load_si512(weights));
  sums.v1 = _mm512_dpbusd_epi32(sums.v1, _mm512_unpackhi_epi16(ab_low, cd_low), _mm512_load_si512(weights + 64));
  sums.v2 = _mm512_dpbusd_epi32(sums.v2, _mm512_unpacklo_epi16(ab_high, cd_high), _mm512_load_si512(weights + 128));
  sums.v3 = _mm512_dpbusd_epi32(sums.v3, _mm512_unpackhi_epi16(ab_high, cd_high), _mm512_load_si512(weights + 192));
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

/// `kQuads` is the number of quads, or 0 where it is known only when it runs.
template <bool kSignedOut, int kQuads>
void run_all(const WindowRun& w) {
  const Bounds bounds{_mm512_set1_epi16(static_cast<int16_t>(w.zero_point)), _mm512_set1_epi8(static_cast<char>(w.low)),
                      _mm512_set1_epi8(static_cast<char>(w.high))};
  const int64_t quads = kQuads > 0 ? kQuads : w.quads;
  for (int64_t r = 0; r < w.runs; ++r) {
    const std::byte* from = w.from + r * w.pitch;
    std::byte* out = w.out + r * w.length;
    int64_t pattern = 0;
    for (int64_t i = 0; i < w.length; i += kRunVector) {
      Sums sums = load_sums(w.bias + pattern * kRunVector);
      const std::byte* weights = w.weights + pattern * quads * 4 * kRunVector;
      for (int64_t q = 0; q < quads; ++q) add_quad(sums, from + i, w.taps + 4 * q, weights + q * 4 * kRunVector);
      const __m512i bytes = stored<kSignedOut>(sums, w.scale + pattern * kRunVector, bounds);
      const int64_t left = w.length - i;
      if (left >= kRunVector) {
        _mm512_storeu_si512(out + i, bytes);
      } else {
        _mm512_mask_storeu_epi8(out + i, (__mmask64{1} << left) - 1, bytes);
      }
      pattern = pattern + 1 == w.patterns ? 0 : pattern + 1;
    }
  }
}

template <bool kSignedOut>
void run_by_size(const WindowRun& w) {
  if (w.quads == 3) return run_all<kSignedOut, 3>(w);  // 3x3
  if (w.quads == 7) return run_all<kSignedOut, 7>(w);  // 5x5
  run_all<kSignedOut, 0>(w);
}

}  // namespace

void avx512vnni_run_windows(const WindowRun& w) {
  if (w.low < 0) return run_by_size<true>(w);
  run_by_size<false>(w);
}

}  // namespace QUERN_X86_NAMESPACE
