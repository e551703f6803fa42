// Depthwise windows of bytes over interleaved lines on AVX-512 VNNI. Interleaving is done once a line and serves every
// column of the window.
#include "kernels/gemm/x86.h"
#include "kernels/window/x86_avx512_sums.h"

namespace QUERN_X86_NAMESPACE {
namespace {

/// Sixty-four bytes of a line, or fewer, as uint8.
template <bool kSigned, bool kWhole>
QUERN_INLINE __m512i load_line(const std::byte* from, __mmask64 wanted) {
  const __m512i bytes = kWhole ? _mm512_loadu_si512(from) : _mm512_maskz_loadu_epi8(wanted, from);
  return kSigned ? _mm512_xor_si512(bytes, _mm512_set1_epi8(-128)) : bytes;
}

template <bool kSigned, bool kWhole>
QUERN_INLINE void interleave_vector(const QuadLines& q, int64_t at, __mmask64 wanted) {
  const __m512i a = load_line<kSigned, kWhole>(q.lines[0] + at, wanted);
  const __m512i b = load_line<kSigned, kWhole>(q.lines[1] + at, wanted);
  const __m512i c = load_line<kSigned, kWhole>(q.lines[2] + at, wanted);
  const __m512i d = load_line<kSigned, kWhole>(q.lines[3] + at, wanted);
  const __m512i ab_low = _mm512_unpacklo_epi8(a, b), ab_high = _mm512_unpackhi_epi8(a, b);
  const __m512i cd_low = _mm512_unpacklo_epi8(c, d), cd_high = _mm512_unpackhi_epi8(c, d);
  std::byte* to = q.streams + at;
  _mm512_storeu_si512(to, _mm512_unpacklo_epi16(ab_low, cd_low));
  _mm512_storeu_si512(to + q.pitch, _mm512_unpackhi_epi16(ab_low, cd_low));
  _mm512_storeu_si512(to + 2 * q.pitch, _mm512_unpacklo_epi16(ab_high, cd_high));
  _mm512_storeu_si512(to + 3 * q.pitch, _mm512_unpackhi_epi16(ab_high, cd_high));
}

template <bool kSigned>
void interleave_as(const QuadLines& lines) {
  const QuadLines q = lines;  // nothing that is stored can change it
  const int64_t whole = q.length / 64 * 64;
  for (int64_t i = 0; i < whole; i += 64) interleave_vector<kSigned, true>(q, i, 0);
  if (whole < q.length) interleave_vector<kSigned, false>(q, whole, (__mmask64{1} << (q.length - whole)) - 1);
}

void interleave(const QuadLines& q) {
  q.is_signed ? interleave_as<true>(q) : interleave_as<false>(q);
}

/// The weights of a quad, one vector a quarter.
struct QuadWeights {
  __m512i v0, v1, v2, v3;
};

QUERN_INLINE QuadWeights load_weights(const std::byte* p) {
  return {_mm512_load_si512(p), _mm512_load_si512(p + 64), _mm512_load_si512(p + 128), _mm512_load_si512(p + 192)};
}

QUERN_INLINE void add_quad(Sums& sums, const std::byte* from, int64_t pitch, const QuadWeights& weights) {
  sums.v0 = _mm512_dpbusd_epi32(sums.v0, _mm512_loadu_si512(from), weights.v0);
  sums.v1 = _mm512_dpbusd_epi32(sums.v1, _mm512_loadu_si512(from + pitch), weights.v1);
  sums.v2 = _mm512_dpbusd_epi32(sums.v2, _mm512_loadu_si512(from + 2 * pitch), weights.v2);
  sums.v3 = _mm512_dpbusd_epi32(sums.v3, _mm512_loadu_si512(from + 3 * pitch), weights.v3);
}

/// Vectors of one pattern: each next one is `step` further on, in the streams and in the output.
struct PatternRun {
  const std::byte* from;
  std::byte* out;
  int64_t step;
  int64_t count;
  __mmask64 wanted;  ///< elements of the last vector
};

/// 3x3: the weights of a pattern stay in registers over all its vectors.
template <bool kSignedOut>
QUERN_INLINE void run_three(const QuadWindows& w, int64_t pattern, PatternRun run, const Bounds& bounds) {
  const std::byte* weights = w.weights + pattern * 3 * 4 * kRunVector;
  const QuadWeights first = load_weights(weights), second = load_weights(weights + 4 * kRunVector);
  const QuadWeights third = load_weights(weights + 8 * kRunVector);
  const int64_t at_second = w.offsets[1] - w.offsets[0], at_third = w.offsets[2] - w.offsets[0], pitch = w.pitch;
  const Sums bias = load_sums(w.bias + pattern * kRunVector);
  const float* scale = w.scale + pattern * kRunVector;
  run.from += w.offsets[0];
  for (; run.count > 0; --run.count, run.from += run.step, run.out += run.step) {
    Sums sums = bias;
    add_quad(sums, run.from, pitch, first);
    add_quad(sums, run.from + at_second, pitch, second);
    add_quad(sums, run.from + at_third, pitch, third);
    const __m512i bytes = stored<kSignedOut>(sums, scale, bounds);
    if (run.count > 1 || run.wanted == ~__mmask64{0}) {
      _mm512_storeu_si512(run.out, bytes);
    } else {
      _mm512_mask_storeu_epi8(run.out, run.wanted, bytes);
    }
  }
}

/// `kQuads` is the number of quads, or 0 where it is known only when it runs.
template <bool kSignedOut, int kQuads>
QUERN_INLINE void run_any(const QuadWindows& w, int64_t pattern, PatternRun run, const Bounds& bounds) {
  const int64_t quads = kQuads > 0 ? kQuads : w.quads;
  const int64_t pitch = w.pitch;
  int64_t offsets[kQuads > 0 ? kQuads : 1];
  for (int q = 0; q < kQuads; ++q) offsets[q] = w.offsets[q];
  const std::byte* weights = w.weights + pattern * quads * 4 * kRunVector;
  const float* scale = w.scale + pattern * kRunVector;
  const Sums bias = load_sums(w.bias + pattern * kRunVector);
  for (; run.count > 0; --run.count, run.from += run.step, run.out += run.step) {
    Sums sums = bias;
    if constexpr (kQuads > 0) {
#pragma GCC unroll 16
      for (int q = 0; q < kQuads; ++q) {
        add_quad(sums, run.from + offsets[q], pitch, load_weights(weights + q * 4 * kRunVector));
      }
    } else {
      for (int64_t q = 0; q < quads; ++q) {
        add_quad(sums, run.from + w.offsets[q], pitch, load_weights(weights + q * 4 * kRunVector));
      }
    }
    const __m512i bytes = stored<kSignedOut>(sums, scale, bounds);
    if (run.count > 1) {
      _mm512_storeu_si512(run.out, bytes);
    } else {
      _mm512_mask_storeu_epi8(run.out, run.wanted, bytes);
    }
  }
}

template <bool kSignedOut>
QUERN_INLINE void run_pattern(const QuadWindows& w, int64_t pattern, const PatternRun& run, const Bounds& bounds) {
  if (w.quads == 3) return run_three<kSignedOut>(w, pattern, run, bounds);
  if (w.quads == 10) return run_any<kSignedOut, 10>(w, pattern, run, bounds);  // 5x5
  run_any<kSignedOut, 0>(w, pattern, run, bounds);
}

template <bool kSignedOut>
void run_patterns(const QuadWindows& windows) {
  const QuadWindows w = windows;  // nothing that is stored can change it
  const Bounds bounds = bounds_of(w.zero_point, w.low, w.high);
  const int64_t vectors = (w.length + kRunVector - 1) / kRunVector;
  const int64_t rest = w.length % kRunVector;
  for (int64_t pattern = 0; pattern < w.patterns && pattern < vectors; ++pattern) {
    PatternRun run{w.streams + pattern * kRunVector, w.out + pattern * kRunVector, w.patterns * kRunVector,
                   (vectors - pattern + w.patterns - 1) / w.patterns, ~__mmask64{0}};
    if (rest != 0 && (vectors - 1) % w.patterns == pattern) run.wanted = (__mmask64{1} << rest) - 1;
    run_pattern<kSignedOut>(w, pattern, run, bounds);
  }
}

void run(const QuadWindows& w) {
  w.low < 0 ? run_patterns<true>(w) : run_patterns<false>(w);
}

constexpr QuadKernel kKernel = {interleave, run};

}  // namespace

const QuadKernel& avx512vnni_quads() {
  return kKernel;
}

}  // namespace QUERN_X86_NAMESPACE
