// Depthwise windows of bytes on AVX2: two taps of a channel are one 16-bit pair for vpmaddwd, sixteen channels at a
// time.
#include "kernels/gemm/x86.h"
#include "kernels/x86_intrinsics.h"

namespace QUERN_X86_NAMESPACE {
namespace {

constexpr int kGroup = 16;
constexpr uint8_t kOrder[kGroup] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

__m128i bytes_at(const std::byte* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}

void multiply_position(const WindowProduct& w, const std::byte* window, const __m256i* weights, int32_t* sums) {
  __m256i low = _mm256_setzero_si256();
  __m256i high = _mm256_setzero_si256();
  for (int t = 0; t < w.tap_count; t += 2, weights += 2) {
    const __m128i first = bytes_at(window + w.taps[t]);
    const __m128i second = bytes_at(window + w.taps[t + 1]);
    const __m256i low_pairs = _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(first, second));
    const __m256i high_pairs = _mm256_cvtepu8_epi16(_mm_unpackhi_epi8(first, second));
    low = _mm256_add_epi32(low, _mm256_madd_epi16(low_pairs, _mm256_loadu_si256(weights)));
    high = _mm256_add_epi32(high, _mm256_madd_epi16(high_pairs, _mm256_loadu_si256(weights + 1)));
  }
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums), low);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums + 8), high);
}

void multiply(const WindowProduct& w) {
  for (int g = 0; g < w.groups; ++g) {
    const auto* weights = reinterpret_cast<const __m256i*>(w.weights) + int64_t{g} * w.tap_count;
    for (int p = 0; p < w.positions; ++p) {
      multiply_position(w, w.windows[p] + w.offset + g * kGroup, weights,
                        static_cast<int32_t*>(w.sums) + p * w.sums_stride + g * kGroup);
    }
  }
}

constexpr WindowKernel kKernel = {true, kGroup, 2, kOrder, multiply};

}  // namespace

const WindowKernel& avx2_int8_window() {
  return kKernel;
}

}  // namespace QUERN_X86_NAMESPACE
