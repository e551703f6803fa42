// Depthwise windows of float32 on AVX-512.
#include "kernels/gemm/x86.h"
#include "kernels/window/x86_float_run.h"
#include "kernels/x86_intrinsics.h"

namespace QUERN_X86_NAMESPACE {
namespace {

struct Ops {
  using Vector = __m512;
  static QUERN_INLINE __mmask16 mask(int64_t count) {
    return static_cast<__mmask16>(count >= 16 ? 0xFFFF : count <= 0 ? 0 : (1 << count) - 1);
  }
  static QUERN_INLINE Vector load(const float* p) { return _mm512_loadu_ps(p); }
  static QUERN_INLINE Vector load_some(const float* p, int64_t count) { return _mm512_maskz_loadu_ps(mask(count), p); }
  static QUERN_INLINE void store(float* p, Vector v) { _mm512_storeu_ps(p, v); }
  static QUERN_INLINE void store_some(float* p, Vector v, int64_t count) { _mm512_mask_storeu_ps(p, mask(count), v); }
  static QUERN_INLINE Vector set(float v) { return _mm512_set1_ps(v); }
  static QUERN_INLINE Vector add_product(Vector sum, Vector x, Vector weights) {
    return _mm512_fmadd_ps(x, weights, sum);
  }
  // A NaN must come out as a NaN: the vector maximum gives its second operand then.
  static QUERN_INLINE Vector bound(Vector v, Vector low, Vector high) {
    return _mm512_min_ps(high, _mm512_max_ps(low, v));
  }
};

}  // namespace

void avx512_run_floats(const FloatWindowRun& run) {
  run_floats<Ops>(run);
}

}  // namespace QUERN_X86_NAMESPACE
