// Integer products on AVX-VNNI: vpdpbusd on 256 bits, for processors that have it and no AVX-512.
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
  static QUERN_INLINE Vector load(const std::byte* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  static QUERN_INLINE Vector broadcast(const std::byte* p) {
    int32_t quad;
    __builtin_memcpy(&quad, p, sizeof quad);
    return _mm256_set1_epi32(quad);
  }
  static QUERN_INLINE Vector add_product(Vector sum, Vector quad, Vector weights) {
    return _mm256_dpbusd_avx_epi32(sum, quad, weights);
  }
  static QUERN_INLINE void store(std::byte* p, Vector v) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v); }
};

constexpr ProductKernel kKernel = {RowForm::offset_uint8, Ops::kRows, kColumns<Ops>, 4, multiply<Ops>, Ops::kStores};

}  // namespace

const ProductKernel& avxvnni_int8_product() {
  return kKernel;
}

}  // namespace QUERN_X86_NAMESPACE
