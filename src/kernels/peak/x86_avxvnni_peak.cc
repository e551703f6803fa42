// What AVX-VNNI multiplies at most: vpdpbusd on 256 bits.
#include "kernels/peak/peak.h"
#include "kernels/peak/x86_peak.h"
#include "kernels/x86_intrinsics.h"

namespace QUERN_X86_NAMESPACE {
namespace {

struct Bytes {
  using Vector = __m256i;
  static Vector zero() { return _mm256_setzero_si256(); }
  static Vector one() { return _mm256_set1_epi8(1); }
  static Vector add_product(Vector sum, Vector x) { return _mm256_dpbusd_avx_epi32(sum, x, x); }
};

}  // namespace

void avxvnni_peak_bytes(int64_t rounds) {
  grow_twelve<Bytes>(rounds);
}

}  // namespace QUERN_X86_NAMESPACE
