// Depthwise windows of 16-bit values on AVX-512: two taps of a channel are one pair for vpmaddwd, thirty-two channels
// at a time.
#include "kernels/gemm/x86.h"
#include "kernels/x86_intrinsics.h"

namespace QUERN_X86_NAMESPACE {
namespace {

constexpr int kGroup = 32;

// Unpacking works within 128-bit lanes: the first vector holds channels 0…3 of each lane's eight.
constexpr uint8_t kOrder[kGroup] = {
    0, 1, 2, 3, 8,  9,  10, 11, 16, 17, 18, 19, 24, 25, 26, 27,  //
    4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31,
};

/// Writes lanes to their channels.
void write(int32_t* sums, __m512i v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(sums), _mm512_extracti32x4_epi32(v, 0));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(sums + 8), _mm512_extracti32x4_epi32(v, 1));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(sums + 16), _mm512_extracti32x4_epi32(v, 2));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(sums + 24), _mm512_extracti32x4_epi32(v, 3));
}

void multiply_position(const WindowProduct& w, const std::byte* window, const std::byte* weights, int32_t* sums) {
  __m512i low = _mm512_setzero_si512();
  __m512i high = _mm512_setzero_si512();
  for (int t = 0; t < w.tap_count; t += 2, weights += 128) {
    const __m512i first = _mm512_loadu_si512(window + w.taps[t]);
    const __m512i second = _mm512_loadu_si512(window + w.taps[t + 1]);
    const __m512i low_pairs = _mm512_unpacklo_epi16(first, second);
    const __m512i high_pairs = _mm512_unpackhi_epi16(first, second);
    low = _mm512_add_epi32(low, _mm512_madd_epi16(low_pairs, _mm512_loadu_si512(weights)));
    high = _mm512_add_epi32(high, _mm512_madd_epi16(high_pairs, _mm512_loadu_si512(weights + 64)));
  }
  write(sums, low);
  write(sums + 4, high);
}

void multiply(const WindowProduct& w) {
  for (int g = 0; g < w.groups; ++g) {
    const std::byte* weights = w.weights + int64_t{g} * kGroup * w.tap_count * 2;
    for (int p = 0; p < w.positions; ++p) {
      multiply_position(w, w.windows[p] + w.offset + g * kGroup * 2, weights,
                        static_cast<int32_t*>(w.sums) + p * w.sums_stride + g * kGroup);
    }
  }
}

constexpr WindowKernel kKernel = {true, kGroup, 2, kOrder, multiply};

}  // namespace

const WindowKernel& avx512_int16_window() {
  return kKernel;
}

}  // namespace QUERN_X86_NAMESPACE
