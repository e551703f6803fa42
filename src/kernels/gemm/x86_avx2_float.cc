// float32 products on AVX2 with fused multiply-add.
#include "kernels/gemm/x86.h"
#include "kernels/gemm/x86_tile.h"
#include "kernels/x86_intrinsics.h"

namespace QUERN_X86_NAMESPACE {
namespace {

struct Ops {
  using Vector = __m256;
  static constexpr int kRows = 6;
  static QUERN_INLINE Vector zero() { return _mm256_setzero_ps(); }
  static QUERN_INLINE Vector load(const std::byte* p) { return _mm256_loadu_ps(reinterpret_cast<const float*>(p)); }
  static QUERN_INLINE Vector broadcast(const std::byte* p) {
    return _mm256_broadcast_ss(reinterpret_cast<const float*>(p));
  }
  static QUERN_INLINE Vector add_product(Vector sum, Vector x, Vector weights) {
    return _mm256_fmadd_ps(x, weights, sum);
  }
  static QUERN_INLINE void store(std::byte* p, Vector v) { _mm256_storeu_ps(reinterpret_cast<float*>(p), v); }
};

constexpr ProductKernel kKernel = {RowForm::float32, Ops::kRows, kColumns<Ops>, 1, multiply<Ops>};

}  // namespace

const ProductKernel& avx2_float_product() {
  return kKernel;
}

}  // namespace QUERN_X86_NAMESPACE
