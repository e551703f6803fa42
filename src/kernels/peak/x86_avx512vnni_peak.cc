// What AVX-512 VNNI multiplies at most: vpdpbusd.
#include "kernels/peak/peak.h"
#include "kernels/peak/x86_peak.h"
#include "kernels/x86_intrinsics.h"

namespace QUERN_X86_NAMESPACE {
namespace {

struct Bytes {
  using Vector = __m512i;
  static Vector zero() { return _mm512_setzero_si512(); }
  static Vector one() { return _mm512_set1_epi8(1); }
  static Vector add_product(Vector sum, Vector x) { return _mm512_dpbusd_epi32(sum, x, x); }
};

}  // namespace

void avx512vnni_peak_bytes(int64_t rounds) {
  grow_twelve<Bytes>(rounds);
}

}  // namespace QUERN_X86_NAMESPACE
