// Depthwise windows of float32 on AVX2, sixteen channels at a time.
#include "kernels/gemm/x86.h"
#include "kernels/x86_intrinsics.h"

namespace QUERN_X86_NAMESPACE {
namespace {

constexpr int kGroup = 16;
constexpr uint8_t kOrder[kGroup] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

void multiply_position(const WindowProduct& w, const std::byte* window, const float* weights, float* sums) {
  __m256 low = _mm256_setzero_ps();
  __m256 high = _mm256_setzero_ps();
  for (int t = 0; t < w.tap_count; ++t, weights += kGroup) {
    const auto* x = reinterpret_cast<const float*>(window + w.taps[t]);
    low = _mm256_fmadd_ps(_mm256_loadu_ps(x), _mm256_loadu_ps(weights), low);
    high = _mm256_fmadd_ps(_mm256_loadu_ps(x + 8), _mm256_loadu_ps(weights + 8), high);
  }
  _mm256_storeu_ps(sums, low);
  _mm256_storeu_ps(sums + 8, high);
}

void multiply(const WindowProduct& w) {
  for (int g = 0; g < w.groups; ++g) {
    const float* weights = reinterpret_cast<const float*>(w.weights) + int64_t{g} * kGroup * w.tap_count;
    for (int p = 0; p < w.positions; ++p) {
      multiply_position(w, w.windows[p] + w.offset + g * kGroup * 4, weights,
                        static_cast<float*>(w.sums) + p * w.sums_stride + g * kGroup);
    }
  }
}

constexpr WindowKernel kKernel = {false, kGroup, 1, kOrder, multiply};

}  // namespace

const WindowKernel& avx2_float_window() {
  return kKernel;
}

}  // namespace QUERN_X86_NAMESPACE
