// The greatest byte under a window on AVX2, thirty-two channels at a time.
#include "kernels/gemm/x86.h"
#include "kernels/x86_intrinsics.h"

namespace QUERN_X86_NAMESPACE {
namespace {

constexpr int kGroup = kMaximumGroup;

__m256i greatest(const WindowMaximum& w, const std::byte* window) {
  __m256i best = _mm256_setzero_si256();
  for (int t = 0; t < w.tap_count; ++t) {
    best = _mm256_max_epu8(best, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(window + w.taps[t])));
  }
  return best;
}

}  // namespace

void avx2_maximum(const WindowMaximum& w) {
  for (int p = 0; p < w.positions; ++p) {
    std::byte* out = w.out + p * w.channels;
    int64_t c = 0;
    for (; c + kGroup <= w.channels; c += kGroup) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + c), greatest(w, w.windows[p] + c));
    }
    if (c == w.channels) continue;
    alignas(32) std::byte rest[kGroup];
    _mm256_store_si256(reinterpret_cast<__m256i*>(rest), greatest(w, w.windows[p] + c));
    __builtin_memcpy(out + c, rest, static_cast<size_t>(w.channels - c));
  }
}

}  // namespace QUERN_X86_NAMESPACE
