// Depthwise windows of bytes on AVX-512 VNNI: four taps of a channel side by side are one operand of vpdpbusd,
// sixty-four channels at a time.
#include "kernels/gemm/x86.h"
#include "kernels/x86_intrinsics.h"

namespace QUERN_X86_NAMESPACE {
namespace {

constexpr int kGroup = 64;

// Unpacking works within 128-bit lanes: vector j holds channels 4j…4j+3 of each lane's sixteen.
constexpr uint8_t kOrder[kGroup] = {
    0,  1,  2,  3,  16, 17, 18, 19, 32, 33, 34, 35, 48, 49, 50, 51,  //
    4,  5,  6,  7,  20, 21, 22, 23, 36, 37, 38, 39, 52, 53, 54, 55,  //
    8,  9,  10, 11, 24, 25, 26, 27, 40, 41, 42, 43, 56, 57, 58, 59,  //
    12, 13, 14, 15, 28, 29, 30, 31, 44, 45, 46, 47, 60, 61, 62, 63,
};

/// Writes vector j's lanes to their channels.
void write(int32_t* sums, __m512i v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(sums), _mm512_extracti32x4_epi32(v, 0));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(sums + 16), _mm512_extracti32x4_epi32(v, 1));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(sums + 32), _mm512_extracti32x4_epi32(v, 2));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(sums + 48), _mm512_extracti32x4_epi32(v, 3));
}

void multiply_position(const WindowProduct& w, const std::byte* window, const std::byte* weights, int32_t* sums) {
  __m512i s0 = _mm512_setzero_si512(), s1 = s0, s2 = s0, s3 = s0;
  for (int t = 0; t < w.tap_count; t += 4, weights += 256) {
    const __m512i a = _mm512_loadu_si512(window + w.taps[t]);
    const __m512i b = _mm512_loadu_si512(window + w.taps[t + 1]);
    const __m512i c = _mm512_loadu_si512(window + w.taps[t + 2]);
    const __m512i d = _mm512_loadu_si512(window + w.taps[t + 3]);
    const __m512i ab_low = _mm512_unpacklo_epi8(a, b), ab_high = _mm512_unpackhi_epi8(a, b);
    const __m512i cd_low = _mm512_unpacklo_epi8(c, d), cd_high = _mm512_unpackhi_epi8(c, d);
    s0 = _mm512_dpbusd_epi32(s0, _mm512_unpacklo_epi16(ab_low, cd_low), _mm512_loadu_si512(weights));
    s1 = _mm512_dpbusd_epi32(s1, _mm512_unpackhi_epi16(ab_low, cd_low), _mm512_loadu_si512(weights + 64));
    s2 = _mm512_dpbusd_epi32(s2, _mm512_unpacklo_epi16(ab_high, cd_high), _mm512_loadu_si512(weights + 128));
    s3 = _mm512_dpbusd_epi32(s3, _mm512_unpackhi_epi16(ab_high, cd_high), _mm512_loadu_si512(weights + 192));
  }
  write(sums, s0);
  write(sums + 4, s1);
  write(sums + 8, s2);
  write(sums + 12, s3);
}

void multiply(const WindowProduct& w) {
  for (int g = 0; g < w.groups; ++g) {
    const std::byte* weights = w.weights + int64_t{g} * kGroup * w.tap_count;
    for (int p = 0; p < w.positions; ++p) {
      multiply_position(w, w.windows[p] + w.offset + g * kGroup, weights,
                        static_cast<int32_t*>(w.sums) + p * w.sums_stride + g * kGroup);
    }
  }
}

constexpr WindowKernel kKernel = {false, kGroup, 4, kOrder, multiply};

}  // namespace

const WindowKernel& avx512vnni_int8_window() {
  return kKernel;
}

}  // namespace QUERN_X86_NAMESPACE
