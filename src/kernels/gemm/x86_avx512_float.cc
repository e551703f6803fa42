// float32 products on AVX-512 with fused multiply-add.
#include "kernels/gemm/x86.h"
#include "kernels/gemm/x86_tile.h"
#include "kernels/x86_intrinsics.h"

namespace QUERN_X86_NAMESPACE {
namespace {

struct Ops {
  using Vector = __m512;
  static constexpr int kRows = 12;
  static constexpr bool kStores = true;
  static QUERN_INLINE Vector zero() { return _mm512_setzero_ps(); }
  static QUERN_INLINE Vector load(const std::byte* p) { return _mm512_loadu_ps(p); }
  static QUERN_INLINE Vector broadcast(const std::byte* p) {
    return _mm512_set1_ps(*reinterpret_cast<const float*>(p));
  }
  static QUERN_INLINE Vector add_product(Vector sum, Vector x, Vector weights) {
    return _mm512_fmadd_ps(x, weights, sum);
  }
  static QUERN_INLINE void store(std::byte* p, Vector v) { _mm512_storeu_ps(p, v); }
  static QUERN_INLINE Vector load_floats(const float* p) { return _mm512_loadu_ps(p); }
  static QUERN_INLINE Vector add(Vector a, Vector b) { return _mm512_add_ps(a, b); }
  static QUERN_INLINE Vector set(float v) { return _mm512_set1_ps(v); }
  // A NaN must come out as a NaN: the vector maximum gives its second operand then.
  static QUERN_INLINE Vector bound(Vector v, Vector low, Vector high) {
    return _mm512_min_ps(high, _mm512_max_ps(low, v));
  }
  static QUERN_INLINE void store_some(float* p, Vector v, int count) {
    if (count >= 16) return _mm512_storeu_ps(p, v);
    _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1 << count) - 1), v);
  }
};

constexpr ProductKernel kKernel = {RowForm::float32, Ops::kRows, kColumns<Ops>, 1, multiply<Ops>, Ops::kStores};

}  // namespace

const ProductKernel& avx512_float_product() {
  return kKernel;
}

}  // namespace QUERN_X86_NAMESPACE
