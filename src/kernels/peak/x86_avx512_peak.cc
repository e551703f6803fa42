// What AVX-512 multiplies at most: fused multiply-add of float32.
#include "kernels/peak/peak.h"
#include "kernels/peak/x86_peak.h"
#include "kernels/x86_intrinsics.h"

namespace QUERN_X86_NAMESPACE {
namespace {

struct Floats {
  using Vector = __m512;
  static Vector zero() { return _mm512_setzero_ps(); }
  static Vector one() { return _mm512_set1_ps(1.0f); }
  static Vector add_product(Vector sum, Vector x) { return _mm512_fmadd_ps(x, x, sum); }
};

}  // namespace

void avx512_peak_floats(int64_t rounds) {
  grow_twelve<Floats>(rounds);
}

}  // namespace QUERN_X86_NAMESPACE
