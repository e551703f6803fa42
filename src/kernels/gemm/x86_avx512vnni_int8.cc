// Integer products on AVX-512 VNNI: four bytes at a time through vpdpbusd, unsigned activations by signed weights.
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
    int32_t quad;
    __builtin_memcpy(&quad, p, sizeof quad);
    return _mm512_set1_epi32(quad);
  }
  static QUERN_INLINE Vector add_product(Vector sum, Vector quad, Vector weights) {
    return _mm512_dpbusd_epi32(sum, quad, weights);
  }
  static QUERN_INLINE void store(std::byte* p, Vector v) { _mm512_storeu_si512(p, v); }
};

constexpr ProductKernel kKernel = {RowForm::offset_uint8, Ops::kRows, kColumns<Ops>, 4, multiply<Ops>, Ops::kStores};

}  // namespace

const ProductKernel& avx512vnni_int8_product() {
  return kKernel;
}

}  // namespace QUERN_X86_NAMESPACE
