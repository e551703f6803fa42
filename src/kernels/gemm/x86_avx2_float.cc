// float32 products on AVX2 with fused multiply-add.
#include "kernels/gemm/x86.h"
#include "kernels/gemm/x86_tile.h"
#include "kernels/x86_intrinsics.h"

namespace QUERN_X86_NAMESPACE {
namespace {

// Sixteen words, of which eight beginning at 8 - n have their highest bit set in the first n.
constexpr int32_t kMasks[16] = {-1, -1, -1, -1, -1, -1, -1, -1};

struct Ops {
  using Vector = __m256;
  static constexpr int kRows = 6;
  static constexpr bool kStores = true;
  static QUERN_INLINE Vector zero() { return _mm256_setzero_ps(); }
  static QUERN_INLINE Vector load(const std::byte* p) { return _mm256_loadu_ps(reinterpret_cast<const float*>(p)); }
  static QUERN_INLINE Vector broadcast(const std::byte* p) {
    return _mm256_broadcast_ss(reinterpret_cast<const float*>(p));
  }
  static QUERN_INLINE Vector add_product(Vector sum, Vector x, Vector weights) {
    return _mm256_fmadd_ps(x, weights, sum);
  }
  static QUERN_INLINE void store(std::byte* p, Vector v) { _mm256_storeu_ps(reinterpret_cast<float*>(p), v); }
  static QUERN_INLINE Vector load_floats(const float* p) { return _mm256_loadu_ps(p); }
  static QUERN_INLINE Vector add(Vector a, Vector b) { return _mm256_add_ps(a, b); }
  static QUERN_INLINE Vector set(float v) { return _mm256_set1_ps(v); }
  // A NaN must come out as a NaN: the vector maximum gives its second operand then.
  static QUERN_INLINE Vector bound(Vector v, Vector low, Vector high) {
    return _mm256_min_ps(high, _mm256_max_ps(low, v));
  }
  static QUERN_INLINE void store_some(float* p, Vector v, int count) {
    if (count >= 8) return _mm256_storeu_ps(p, v);
    _mm256_maskstore_ps(p, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kMasks + 8 - count)), v);
  }
};

constexpr ProductKernel kKernel = {RowForm::float32, Ops::kRows, kColumns<Ops>, 1, multiply<Ops>, Ops::kStores};

}  // namespace

const ProductKernel& avx2_float_product() {
  return kKernel;
}

}  // namespace QUERN_X86_NAMESPACE
