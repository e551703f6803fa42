// Products of 16-bit values on AVX-512: pairs through vpmaddwd.
#include "kernels/gemm/x86.h"
#include "kernels/gemm/x86_tile.h"
#include "kernels/x86_intrinsics.h"

namespace QUERN_X86_NAMESPACE {
namespace {

struct Ops {
  using Vector = __m512i;
  static constexpr int kRows = 8;
  static constexpr bool kStores = false;
  static QUERN_INLINE Vector zero() { return _mm512_setzero_si512(); }
  static QUERN_INLINE Vector load(const std::byte* p) { return _mm512_loadu_si512(p); }
  static QUERN_INLINE Vector broadcast(const std::byte* p) {
    int32_t pair;
    __builtin_memcpy(&pair, p, sizeof pair);
    return _mm512_set1_epi32(pair);
  }
  static QUERN_INLINE Vector add_product(Vector sum, Vector pair, Vector weights) {
    return _mm512_add_epi32(sum, _mm512_madd_epi16(pair, weights));
  }
  static QUERN_INLINE void store(std::byte* p, Vector v) { _mm512_storeu_si512(p, v); }
};

constexpr ProductKernel kKernel = {RowForm::centred_int16, Ops::kRows, kColumns<Ops>, 2, multiply<Ops>, Ops::kStores};

}  // namespace

const ProductKernel& avx512_int16_product() {
  return kKernel;
}

}  // namespace QUERN_X86_NAMESPACE
