// Integer products on AVX2: 16-bit pairs through vpmaddwd. (vpmaddubsw would take bytes, but saturates at 16 bits for
// full-range activations, and integer results must be equal.)
#include "kernels/gemm/x86.h"
#include "kernels/gemm/x86_tile.h"
#include "kernels/x86_intrinsics.h"

namespace QUERN_X86_NAMESPACE {
namespace {

struct Ops {
  using Vector = __m256i;
  static constexpr int kRows = 6;
  static constexpr bool kStores = false;
  static QUERN_INLINE Vector zero() { return _mm256_setzero_si256(); }
  static QUERN_INLINE Vector load(const std::byte* p) { return _mm256_loadu_si256(reinterpret_cast<const Vector*>(p)); }
  static QUERN_INLINE Vector broadcast(const std::byte* p) {
    int32_t pair;
    __builtin_memcpy(&pair, p, sizeof pair);
    return _mm256_set1_epi32(pair);
  }
  static QUERN_INLINE Vector add_product(Vector sum, Vector pair, Vector weights) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pair, weights));
  }
  static QUERN_INLINE void store(std::byte* p, Vector v) { _mm256_storeu_si256(reinterpret_cast<Vector*>(p), v); }
};

constexpr ProductKernel kKernel = {RowForm::centred_int16, Ops::kRows, kColumns<Ops>, 2, multiply<Ops>, Ops::kStores};

}  // namespace

const ProductKernel& avx2_int8_product() {
  return kKernel;
}

}  // namespace QUERN_X86_NAMESPACE
