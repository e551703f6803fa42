// float32 products on AVX-512 with fused multiply-add.
#include "kernels/gemm/x86.h"
#include "kernels/gemm/x86_tile.h"
#include "kernels/x86_intrinsics.h"

namespace QUERN_X86_NAMESPACE {
namespace {

struct Ops {
  using Vector = __m512;
  static constexpr int kRows = 8;
  static QUERN_INLINE Vector zero() { return _mm512_setzero_ps(); }
  static QUERN_INLINE Vector load(const std::byte* p) { return _mm512_loadu_ps(p); }
  static QUERN_INLINE Vector broadcast(const std::byte* p) {
    return _mm512_set1_ps(*reinterpret_cast<const float*>(p));
  }
  static QUERN_INLINE Vector add_product(Vector sum, Vector x, Vector weights) {
    return _mm512_fmadd_ps(x, weights, sum);
  }
  static QUERN_INLINE void store(std::byte* p, Vector v) { _mm512_storeu_ps(p, v); }
};

constexpr ProductKernel kKernel = {RowForm::float32, Ops::kRows, kColumns<Ops>, 1, multiply<Ops>};

}  // namespace

const ProductKernel& avx512_float_product() {
  return kKernel;
}

}  // namespace QUERN_X86_NAMESPACE
