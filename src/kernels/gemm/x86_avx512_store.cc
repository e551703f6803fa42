// From int32 sums to 8-bit values (or to float32) on AVX-512, sixteen lanes at a time. kernels/requantize.h is the law.
#include "kernels/gemm/x86.h"
#include "kernels/x86_intrinsics.h"

namespace QUERN_X86_NAMESPACE {
namespace {

constexpr uint16_t kOddLanes = 0xAAAA;

/// What is the same for all channels. Bounds are taken before the zero point is added.
struct Bounds {
  __m512i zero_point, low, high;
  __m512 float_low, float_high;
  __m512i wide_low, wide_high;
};

Bounds bounds_of(const StoreRule& rule) {
  const int32_t low = rule.low - rule.zero_point;
  const int32_t high = rule.high - rule.zero_point;
  return {_mm512_set1_epi32(rule.zero_point),
          _mm512_set1_epi32(low),
          _mm512_set1_epi32(high),
          _mm512_set1_ps(static_cast<float>(low)),
          _mm512_set1_ps(static_cast<float>(high)),
          _mm512_set1_epi64(low),
          _mm512_set1_epi64(high)};
}

/// The odd 32-bit lanes, moved to where vpmuldq reads.
__m512i odd(__m512i v) {
  return _mm512_srli_epi64(v, 32);
}

__m512i round_real(__m512 real, const Bounds& b) {
  return _mm512_cvtps_epi32(_mm512_min_ps(_mm512_max_ps(real, b.float_low), b.float_high));
}

__m512i round_float(__m512i sum, const StoreRule& rule, int64_t c, const Bounds& b) {
  return round_real(_mm512_mul_ps(_mm512_cvtepi32_ps(sum), _mm512_loadu_ps(rule.scale + c)), b);
}

/// value * 2^left, held in int32.
__m512i shift_left(__m512i value, __m512i left) {
  const __m512i shifted = _mm512_sllv_epi32(value, left);
  const __mmask16 fits = _mm512_cmpeq_epi32_mask(_mm512_srav_epi32(shifted, left), value);
  const __m512i limit = _mm512_xor_si512(_mm512_srai_epi32(value, 31), _mm512_set1_epi32(0x7fffffff));
  return _mm512_mask_blend_epi32(fits, limit, shifted);
}

/// value / 2^right, half away from zero.
__m512i shift_right(__m512i value, __m512i right) {
  const __m512i one = _mm512_set1_epi32(1);
  const __m512i mask = _mm512_sub_epi32(_mm512_sllv_epi32(one, right), one);
  const __m512i threshold = _mm512_add_epi32(_mm512_srli_epi32(mask, 1), _mm512_srli_epi32(value, 31));
  const __mmask16 up = _mm512_cmpgt_epi32_mask(_mm512_and_si512(value, mask), threshold);
  const __m512i down = _mm512_srav_epi32(value, right);
  return _mm512_mask_add_epi32(down, up, down, one);
}

// The doubling high product rounds half away from zero by a nudge of the sign and a division that truncates; both
// together are a plain (product + 2^30) >> 31.
__m512i round_double(__m512i sum, const StoreRule& rule, int64_t c, const Bounds& b) {
  const __m512i zero = _mm512_setzero_si512();
  const __m512i multiplier = _mm512_loadu_si512(rule.multiplier + c);
  const __m512i shift = _mm512_loadu_si512(rule.shift + c);
  const __m512i shifted = shift_left(sum, _mm512_max_epi32(shift, zero));
  const __m512i half = _mm512_set1_epi64(int64_t{1} << 30);
  const __m512i even_product = _mm512_add_epi64(_mm512_mul_epi32(shifted, multiplier), half);
  const __m512i odd_product = _mm512_add_epi64(_mm512_mul_epi32(odd(shifted), odd(multiplier)), half);
  const __m512i high =
      _mm512_mask_blend_epi32(kOddLanes, _mm512_srli_epi64(even_product, 31), _mm512_slli_epi64(odd_product, 1));
  const __m512i rounded = shift_right(high, _mm512_max_epi32(_mm512_sub_epi32(zero, shift), zero));
  return _mm512_min_epi32(_mm512_max_epi32(rounded, b.low), b.high);
}

/// (product + 2^(total-1)) >> total in 64 bits, held in bounds.
__m512i round_shift_64(__m512i product, __m512i total, const Bounds& b) {
  const __m512i one = _mm512_set1_epi64(1);
  const __m512i half = _mm512_sllv_epi64(one, _mm512_sub_epi64(total, one));
  const __m512i rounded = _mm512_srav_epi64(_mm512_add_epi64(product, half), total);
  return _mm512_min_epi64(_mm512_max_epi64(rounded, b.wide_low), b.wide_high);
}

__m512i round_single(__m512i sum, const StoreRule& rule, int64_t c, const Bounds& b) {
  const __m512i multiplier = _mm512_loadu_si512(rule.multiplier + c);
  const __m512i total = _mm512_sub_epi32(_mm512_set1_epi32(31), _mm512_loadu_si512(rule.shift + c));
  const __m512i low_half = _mm512_set1_epi64(0xffffffff);
  const __m512i even_lanes = round_shift_64(_mm512_mul_epi32(sum, multiplier), _mm512_and_si512(total, low_half), b);
  const __m512i odd_lanes = round_shift_64(_mm512_mul_epi32(odd(sum), odd(multiplier)), odd(total), b);
  return _mm512_mask_blend_epi32(kOddLanes, even_lanes, _mm512_slli_epi64(odd_lanes, 32));
}

/// What stored() takes beside the values of Rounding: the bits of float32 sums.
constexpr int kReal = 4;

template <int kRounding>
__m512i stored(const int32_t* sums, const StoreRule& rule, int64_t c, const Bounds& b) {
  if constexpr (kRounding == kReal) {
    return _mm512_add_epi32(round_real(_mm512_castsi512_ps(_mm512_loadu_si512(sums)), b), b.zero_point);
  }
  const __m512i sum = _mm512_add_epi32(_mm512_loadu_si512(sums), _mm512_loadu_si512(rule.bias + c));
  __m512i rounded = sum;
  if constexpr (kRounding == 0) rounded = round_float(sum, rule, c, b);
  if constexpr (kRounding == 1) rounded = round_double(sum, rule, c, b);
  if constexpr (kRounding == 2) rounded = round_single(sum, rule, c, b);
  return _mm512_add_epi32(rounded, b.zero_point);
}

template <int kRounding>
void store_rows(const TileOutput& tile, const StoreRule& rule) {
  const Bounds b = bounds_of(rule);
  for (int r = 0; r < tile.rows; ++r) {
    const int32_t* sums = static_cast<const int32_t*>(tile.sums) + r * tile.sums_stride;
    std::byte* out = tile.out + r * tile.out_stride;
    for (int c = 0; c < tile.columns; c += 16) {
      const __m128i bytes = _mm512_cvtepi32_epi8(stored<kRounding>(sums + c, rule, tile.channel + c, b));
      const int left = tile.columns - c;
      const auto mask = static_cast<__mmask16>(left >= 16 ? 0xFFFF : (1 << left) - 1);
      _mm_mask_storeu_epi8(out + c, mask, bytes);
    }
  }
}

template <int kRounding>
void store_word_rows(const TileOutput& tile, const StoreRule& rule) {
  const Bounds b = bounds_of(rule);
  for (int r = 0; r < tile.rows; ++r) {
    const int32_t* sums = static_cast<const int32_t*>(tile.sums) + r * tile.sums_stride;
    std::byte* out = tile.out + r * tile.out_stride;
    for (int c = 0; c < tile.columns; c += 16) {
      const __m256i words = _mm512_cvtepi32_epi16(stored<kRounding>(sums + c, rule, tile.channel + c, b));
      const int left = tile.columns - c;
      const auto mask = static_cast<__mmask16>(left >= 16 ? 0xFFFF : (1 << left) - 1);
      _mm256_mask_storeu_epi16(out + 2 * c, mask, words);
    }
  }
}

/// The rounding `real`: no integer is made of the sum.
void store_scaled(const TileOutput& tile, const StoreRule& rule) {
  const __m512 low = _mm512_set1_ps(rule.real_low);
  const __m512 high = _mm512_set1_ps(rule.real_high);
  for (int r = 0; r < tile.rows; ++r) {
    const int32_t* sums = static_cast<const int32_t*>(tile.sums) + r * tile.sums_stride;
    auto* out = reinterpret_cast<float*>(tile.out + r * tile.out_stride);
    for (int c = 0; c < tile.columns; c += 16) {
      const int64_t channel = tile.channel + c;
      const __m512i sum = _mm512_add_epi32(_mm512_loadu_si512(sums + c), _mm512_loadu_si512(rule.bias + channel));
      const __m512 value = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), _mm512_loadu_ps(rule.scale + channel));
      const int left = tile.columns - c;
      const auto mask = static_cast<__mmask16>(left >= 16 ? 0xFFFF : (1 << left) - 1);
      _mm512_mask_storeu_ps(out + c, mask, _mm512_min_ps(high, _mm512_max_ps(low, value)));
    }
  }
}

constexpr StoreInteger kStore[] = {store_rows<0>, store_rows<1>, store_rows<2>, store_scaled};
constexpr StoreInteger kStoreWords[] = {store_word_rows<0>, store_word_rows<1>, store_word_rows<2>, store_scaled};

}  // namespace

void avx512_store_integer(const TileOutput& tile, const StoreRule& rule) {
  kStore[rule.rounding](tile, rule);
}

void avx512_store_words(const TileOutput& tile, const StoreRule& rule) {
  kStoreWords[rule.rounding](tile, rule);
}

void avx512_store_real(const TileOutput& tile, const StoreRule& rule) {
  store_rows<kReal>(tile, rule);
}

}  // namespace QUERN_X86_NAMESPACE
