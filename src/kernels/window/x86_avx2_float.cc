// Depthwise windows of float32 on AVX2.
#include "kernels/gemm/x86.h"
#include "kernels/window/x86_float_run.h"
#include "kernels/x86_intrinsics.h"

namespace QUERN_X86_NAMESPACE {
namespace {

// Sixteen words, of which eight beginning at 8 - n have their highest bit set in the first n.
constexpr int32_t kMasks[16] = {-1, -1, -1, -1, -1, -1, -1, -1};

struct Ops {
  using Vector = __m256;
  static QUERN_INLINE __m256i mask(int64_t count) {
    const int64_t n = count >= 8 ? 8 : count <= 0 ? 0 : count;
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kMasks + 8 - n));
  }
  static QUERN_INLINE Vector load(const float* p) { return _mm256_loadu_ps(p); }
  static QUERN_INLINE Vector load_some(const float* p, int64_t count) { return _mm256_maskload_ps(p, mask(count)); }
  static QUERN_INLINE void store(float* p, Vector v) { _mm256_storeu_ps(p, v); }
  static QUERN_INLINE void store_some(float* p, Vector v, int64_t count) { _mm256_maskstore_ps(p, mask(count), v); }
  static QUERN_INLINE Vector set(float v) { return _mm256_set1_ps(v); }
  static QUERN_INLINE Vector add_product(Vector sum, Vector x, Vector weights) {
    return _mm256_fmadd_ps(x, weights, sum);
  }
  // A NaN must come out as a NaN: the vector maximum gives its second operand then.
  static QUERN_INLINE Vector bound(Vector v, Vector low, Vector high) {
    return _mm256_min_ps(high, _mm256_max_ps(low, v));
  }
};

}  // namespace

void avx2_run_floats(const FloatWindowRun& run) {
  run_floats<Ops>(run);
}

}  // namespace QUERN_X86_NAMESPACE
