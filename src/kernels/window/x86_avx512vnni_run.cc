// Depthwise windows of bytes on AVX-512 VNNI, from taps to stored bytes in registers. Four taps side by side are one
// operand of vpdpbusd; narrowing the four vectors of sums undoes the order that interleaving the taps has made.
#include "kernels/gemm/x86.h"
#include "kernels/window/x86_avx512_sums.h"

namespace QUERN_X86_NAMESPACE {
namespace {

/// Sixty-four bytes of a tap, as uint8. Of the last vector of a run no byte beyond the run is read.
template <bool kSigned, bool kWhole>
QUERN_INLINE __m512i load_tap(const std::byte* from, __mmask64 wanted) {
  const __m512i bytes = kWhole ? _mm512_loadu_si512(from) : _mm512_maskz_loadu_epi8(wanted, from);
  return kSigned ? _mm512_xor_si512(bytes, _mm512_set1_epi8(-128)) : bytes;
}

template <bool kSigned, bool kWhole>
QUERN_INLINE void add_quad(Sums& sums, const std::byte* const* taps, int64_t at, __mmask64 wanted,
                           const std::byte* weights) {
  const __m512i a = load_tap<kSigned, kWhole>(taps[0] + at, wanted);
  const __m512i b = load_tap<kSigned, kWhole>(taps[1] + at, wanted);
  const __m512i c = load_tap<kSigned, kWhole>(taps[2] + at, wanted);
  const __m512i d = load_tap<kSigned, kWhole>(taps[3] + at, wanted);
  const __m512i ab_low = _mm512_unpacklo_epi8(a, b), ab_high = _mm512_unpackhi_epi8(a, b);
  const __m512i cd_low = _mm512_unpacklo_epi8(c, d), cd_high = _mm512_unpackhi_epi8(c, d);
  sums.v0 = _mm512_dpbusd_epi32(sums.v0, _mm512_unpacklo_epi16(ab_low, cd_low), _mm512_load_si512(weights));
  sums.v1 = _mm512_dpbusd_epi32(sums.v1, _mm512_unpackhi_epi16(ab_low, cd_low), _mm512_load_si512(weights + 64));
  sums.v2 = _mm512_dpbusd_epi32(sums.v2, _mm512_unpacklo_epi16(ab_high, cd_high), _mm512_load_si512(weights + 128));
  sums.v3 = _mm512_dpbusd_epi32(sums.v3, _mm512_unpackhi_epi16(ab_high, cd_high), _mm512_load_si512(weights + 192));
}

/// Elements `at` of a run's sums and on, up to 64.
template <bool kSigned, bool kSignedOut, bool kWhole>
QUERN_INLINE __m512i run_vector(const WindowRun& w, int64_t quads, int64_t pattern, int64_t at, __mmask64 wanted,
                                const Bounds& bounds) {
  Sums sums = load_sums(w.bias + pattern * kRunVector);
  const std::byte* weights = w.weights + pattern * quads * 4 * kRunVector;
  for (int64_t q = 0; q < quads; ++q) {
    add_quad<kSigned, kWhole>(sums, w.taps + 4 * q, at, wanted, weights + q * 4 * kRunVector);
  }
  return stored<kSignedOut>(sums, w.scale + pattern * kRunVector, bounds);
}

/// `kQuads` is the number of quads, or 0 where it is known only when it runs.
template <bool kSigned, bool kSignedOut, int kQuads>
void run_all(const WindowRun& run) {
  const WindowRun w = run;  // nothing that is stored can change it
  const Bounds bounds = bounds_of(w.zero_point, w.low, w.high);
  const int64_t quads = kQuads > 0 ? kQuads : w.quads;
  const int64_t whole = w.length / kRunVector * kRunVector;
  const __mmask64 rest = (__mmask64{1} << (w.length - whole)) - 1;
  std::byte* out = w.out;
  for (int64_t r = 0; r < w.runs; ++r, out += w.length) {
    const int64_t start = r * w.pitch;
    int64_t pattern = 0;
    for (int64_t i = 0; i < whole; i += kRunVector) {
      const __m512i bytes = run_vector<kSigned, kSignedOut, true>(w, quads, pattern, start + i, rest, bounds);
      _mm512_storeu_si512(out + i, bytes);
      pattern = pattern + 1 == w.patterns ? 0 : pattern + 1;
    }
    if (rest == 0) continue;
    const __m512i bytes = run_vector<kSigned, kSignedOut, false>(w, quads, pattern, start + whole, rest, bounds);
    _mm512_mask_storeu_epi8(out + whole, rest, bytes);
  }
}

template <bool kSigned, bool kSignedOut>
void run_by_size(const WindowRun& w) {
  if (w.quads == 3) return run_all<kSigned, kSignedOut, 3>(w);  // 3x3
  if (w.quads == 7) return run_all<kSigned, kSignedOut, 7>(w);  // 5x5
  run_all<kSigned, kSignedOut, 0>(w);
}

template <bool kSigned>
void run_by_output(const WindowRun& w) {
  if (w.low < 0) return run_by_size<kSigned, true>(w);
  run_by_size<kSigned, false>(w);
}

}  // namespace

void avx512vnni_run_windows(const WindowRun& w) {
  if (w.is_signed) return run_by_output<true>(w);
  run_by_output<false>(w);
}

}  // namespace QUERN_X86_NAMESPACE
