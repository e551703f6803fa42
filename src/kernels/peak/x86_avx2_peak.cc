// What AVX2 multiplies at most: vpmaddwd with its addition for integers, fused multiply-add for float32.
#include "kernels/peak/peak.h"
#include "kernels/peak/x86_peak.h"
#include "kernels/x86_intrinsics.h"

namespace QUERN_X86_NAMESPACE {
namespace {

struct Words {
  using Vector = __m256i;
  static Vector zero() { return _mm256_setzero_si256(); }
  static Vector one() { return _mm256_set1_epi16(1); }
  static Vector add_product(Vector sum, Vector x) { return _mm256_add_epi32(sum, _mm256_madd_epi16(x, x)); }
};

struct Floats {
  using Vector = __m256;
  static Vector zero() { return _mm256_setzero_ps(); }
  static Vector one() { return _mm256_set1_ps(1.0f); }
  static Vector add_product(Vector sum, Vector x) { return _mm256_fmadd_ps(x, x, sum); }
};

}  // namespace

void avx2_peak_bytes(int64_t rounds) {
  grow_twelve<Words>(rounds);
}

void avx2_peak_floats(int64_t rounds) {
  grow_twelve<Floats>(rounds);
}

}  // namespace QUERN_X86_NAMESPACE
