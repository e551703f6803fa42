// Depthwise windows of 16-bit values on AVX2: two taps of a channel are one pair for vpmaddwd, sixteen channels at a
// time.
#include "kernels/gemm/x86.h"
#include "kernels/x86_intrinsics.h"

namespace QUERN_X86_NAMESPACE {
namespace {

constexpr int kGroup = 16;

// Unpacking works within 128-bit lanes: the first vector holds channels 0…3 of each lane's eight.
constexpr uint8_t kOrder[kGroup] = {0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15};

__m256i words_at(const std::byte* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}

/// Writes lanes to their channels.
void write(int32_t* sums, __m256i v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(sums), _mm256_castsi256_si128(v));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(sums + 8), _mm256_extracti128_si256(v, 1));
}

void multiply_position(const WindowProduct& w, const std::byte* window, const __m256i* weights, int32_t* sums) {
  __m256i low = _mm256_setzero_si256();
  __m256i high = _mm256_setzero_si256();
  for (int t = 0; t < w.tap_count; t += 2, weights += 2) {
    const __m256i first = words_at(window + w.taps[t]);
    const __m256i second = words_at(window + w.taps[t + 1]);
    const __m256i low_pairs = _mm256_unpacklo_epi16(first, second);
    const __m256i high_pairs = _mm256_unpackhi_epi16(first, second);
    low = _mm256_add_epi32(low, _mm256_madd_epi16(low_pairs, _mm256_loadu_si256(weights)));
    high = _mm256_add_epi32(high, _mm256_madd_epi16(high_pairs, _mm256_loadu_si256(weights + 1)));
  }
  write(sums, low);
  write(sums + 4, high);
}

void multiply(const WindowProduct& w) {
  for (int g = 0; g < w.groups; ++g) {
    const auto* weights = reinterpret_cast<const __m256i*>(w.weights) + int64_t{g} * w.tap_count;
    for (int p = 0; p < w.positions; ++p) {
      multiply_position(w, w.windows[p] + w.offset + g * kGroup * 2, weights,
                        static_cast<int32_t*>(w.sums) + p * w.sums_stride + g * kGroup);
    }
  }
}

constexpr WindowKernel kKernel = {true, kGroup, 2, kOrder, multiply};

}  // namespace

const WindowKernel& avx2_int16_window() {
  return kKernel;
}

}  // namespace QUERN_X86_NAMESPACE
