// Integer products on AVX-512 VNNI: four bytes at a time through vpdpbusd, unsigned activations by signed weights.
#include "kernels/gemm/x86.h"
#include "kernels/gemm/x86_tile.h"
#include "kernels/x86_intrinsics.h"

namespace QUERN_X86_NAMESPACE {
namespace {

struct Ops {
  using Vector = __m512i;
  static constexpr int kRows = 8;
  static constexpr bool kStores = true;
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

/// What storing by the rule `float` needs.
struct ByteStore {
  __m512i bias_left, bias_right;
  __m512 scale_left, scale_right;
  __m512i zero_point, low, high, order;
  __mmask32 wanted;
  bool is_signed;
};

QUERN_INLINE ByteStore byte_store(const TileProduct& tile) {
  const auto& rule = *static_cast<const StoreRule*>(tile.rule);
  const int64_t c = tile.channel;
  return {_mm512_loadu_si512(rule.bias + c),
          _mm512_loadu_si512(rule.bias + c + 16),
          _mm512_loadu_ps(rule.scale + c),
          _mm512_loadu_ps(rule.scale + c + 16),
          _mm512_set1_epi16(static_cast<int16_t>(rule.zero_point)),
          _mm512_set1_epi8(static_cast<char>(rule.low)),
          _mm512_set1_epi8(static_cast<char>(rule.high)),
          _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15),
          tile.columns >= 32 ? ~__mmask32{0} : (__mmask32{1} << tile.columns) - 1,
          rule.low < 0};
}

QUERN_INLINE __m512i rounded(__m512i sum, __m512i bias, __m512 scale) {
  return _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_add_epi32(sum, bias)), scale));
}

/// A row of sums as words, moved by the zero point. Narrowing saturates, so that nothing is lost before the bounds.
QUERN_INLINE __m512i words(__m512i left, __m512i right, const ByteStore& s) {
  const __m512i packed =
      _mm512_packs_epi32(rounded(left, s.bias_left, s.scale_left), rounded(right, s.bias_right, s.scale_right));
  return _mm512_adds_epi16(packed, s.zero_point);
}

/// Two rows at a time: bytes of the first in the lower half, of the second in the upper.
QUERN_INLINE __m512i two_rows(__m512i first, __m512i second, const ByteStore& s) {
  __m512i bytes;
  if (s.is_signed) {
    bytes = _mm512_min_epi8(_mm512_max_epi8(_mm512_packs_epi16(first, second), s.low), s.high);
  } else {
    bytes = _mm512_min_epu8(_mm512_max_epu8(_mm512_packus_epi16(first, second), s.low), s.high);
  }
  return _mm512_permutexvar_epi32(s.order, bytes);
}

template <int N>
QUERN_INLINE void store_rows(const Sums<Ops, N>& sums, const TileProduct& tile, const ByteStore& s) {
  std::byte* out = tile.out + (N - 1) * tile.out_stride;
  const __m512i last = words(sums.left, sums.right, s);
  if constexpr (N == 1) {
    _mm256_mask_storeu_epi8(out, s.wanted, _mm512_castsi512_si256(two_rows(last, last, s)));
  } else {
    if constexpr (N > 2) store_rows(sums.above.above, tile, s);
    const __m512i bytes = two_rows(words(sums.above.left, sums.above.right, s), last, s);
    _mm256_mask_storeu_epi8(out - tile.out_stride, s.wanted, _mm512_castsi512_si256(bytes));
    _mm256_mask_storeu_epi8(out, s.wanted, _mm512_extracti64x4_epi64(bytes, 1));
  }
}

template <int N>
QUERN_INLINE void finish(const Sums<Ops, N>& sums, const TileProduct& tile) {
  store_rows(sums, tile, byte_store(tile));
}

constexpr ProductKernel kKernel = {RowForm::offset_uint8, Ops::kRows, kColumns<Ops>, 4, multiply<Ops>, Ops::kStores};

}  // namespace

const ProductKernel& avx512vnni_int8_product() {
  return kKernel;
}

}  // namespace QUERN_X86_NAMESPACE
