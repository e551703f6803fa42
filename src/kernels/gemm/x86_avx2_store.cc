// From int32 sums to 8- and 16-bit values (or to float32) on AVX2, eight lanes at a time. kernels/requantize.h is the
// law.
#include "kernels/gemm/x86.h"
#include "kernels/x86_intrinsics.h"

namespace QUERN_X86_NAMESPACE {
namespace {

/// What is the same for all channels. Bounds are taken before the zero point is added.
struct Bounds {
  __m256i zero_point, low, high;
  __m256 float_low, float_high;
};

Bounds bounds_of(const StoreRule& rule) {
  const int32_t low = rule.low - rule.zero_point;
  const int32_t high = rule.high - rule.zero_point;
  return {_mm256_set1_epi32(rule.zero_point), _mm256_set1_epi32(low), _mm256_set1_epi32(high),
          _mm256_set1_ps(static_cast<float>(low)), _mm256_set1_ps(static_cast<float>(high))};
}

__m256i load(const int32_t* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}

/// The odd 32-bit lanes, moved to where vpmuldq reads.
__m256i odd(__m256i v) {
  return _mm256_srli_epi64(v, 32);
}

__m256i interleave(__m256i even_lanes, __m256i odd_lanes) {
  return _mm256_blend_epi32(even_lanes, _mm256_slli_epi64(odd_lanes, 32), 0xAA);
}

__m256i round_real(__m256 real, const Bounds& b) {
  return _mm256_cvtps_epi32(_mm256_min_ps(_mm256_max_ps(real, b.float_low), b.float_high));
}

__m256i round_float(__m256i sum, const StoreRule& rule, int64_t c, const Bounds& b) {
  return round_real(_mm256_mul_ps(_mm256_cvtepi32_ps(sum), _mm256_loadu_ps(rule.scale + c)), b);
}

/// value * 2^left, held in int32.
__m256i shift_left(__m256i value, __m256i left) {
  const __m256i shifted = _mm256_sllv_epi32(value, left);
  const __m256i fits = _mm256_cmpeq_epi32(_mm256_srav_epi32(shifted, left), value);
  const __m256i limit = _mm256_xor_si256(_mm256_srai_epi32(value, 31), _mm256_set1_epi32(0x7fffffff));
  return _mm256_blendv_epi8(limit, shifted, fits);
}

/// value / 2^right, half away from zero.
__m256i shift_right(__m256i value, __m256i right) {
  const __m256i one = _mm256_set1_epi32(1);
  const __m256i mask = _mm256_sub_epi32(_mm256_sllv_epi32(one, right), one);
  const __m256i threshold = _mm256_add_epi32(_mm256_srli_epi32(mask, 1), _mm256_srli_epi32(value, 31));
  const __m256i up = _mm256_cmpgt_epi32(_mm256_and_si256(value, mask), threshold);
  return _mm256_sub_epi32(_mm256_srav_epi32(value, right), up);
}

// The doubling high product rounds half away from zero by a nudge of the sign and a division that truncates; both
// together are a plain (product + 2^30) >> 31.
__m256i round_double(__m256i sum, const StoreRule& rule, int64_t c, const Bounds& b) {
  const __m256i zero = _mm256_setzero_si256();
  const __m256i multiplier = load(rule.multiplier + c);
  const __m256i shift = load(rule.shift + c);
  const __m256i shifted = shift_left(sum, _mm256_max_epi32(shift, zero));
  const __m256i half = _mm256_set1_epi64x(int64_t{1} << 30);
  const __m256i even_product = _mm256_add_epi64(_mm256_mul_epi32(shifted, multiplier), half);
  const __m256i odd_product = _mm256_add_epi64(_mm256_mul_epi32(odd(shifted), odd(multiplier)), half);
  const __m256i high = _mm256_blend_epi32(_mm256_srli_epi64(even_product, 31), _mm256_slli_epi64(odd_product, 1), 0xAA);
  const __m256i rounded = shift_right(high, _mm256_max_epi32(_mm256_sub_epi32(zero, shift), zero));
  return _mm256_min_epi32(_mm256_max_epi32(rounded, b.low), b.high);
}

/// (product + 2^(total-1)) >> total in 64 bits, held in bounds. AVX2 shifts 64-bit lanes only as unsigned, so the
/// product is moved up by 2^63 and back.
__m256i round_shift_64(__m256i product, __m256i total, const Bounds& b) {
  const __m256i one = _mm256_set1_epi64x(1);
  const __m256i top = _mm256_slli_epi64(one, 63);
  const __m256i half = _mm256_sllv_epi64(one, _mm256_sub_epi64(total, one));
  const __m256i lifted = _mm256_add_epi64(_mm256_add_epi64(product, half), top);
  const __m256i rounded = _mm256_sub_epi64(_mm256_srlv_epi64(lifted, total), _mm256_srlv_epi64(top, total));
  const __m256i low = _mm256_cvtepi32_epi64(_mm256_castsi256_si128(b.low));
  const __m256i high = _mm256_cvtepi32_epi64(_mm256_castsi256_si128(b.high));
  const __m256i raised = _mm256_blendv_epi8(rounded, low, _mm256_cmpgt_epi64(low, rounded));
  return _mm256_blendv_epi8(raised, high, _mm256_cmpgt_epi64(raised, high));
}

__m256i round_single(__m256i sum, const StoreRule& rule, int64_t c, const Bounds& b) {
  const __m256i multiplier = load(rule.multiplier + c);
  const __m256i total = _mm256_sub_epi32(_mm256_set1_epi32(31), load(rule.shift + c));
  const __m256i low_half = _mm256_set1_epi64x(0xffffffff);
  const __m256i even_lanes = round_shift_64(_mm256_mul_epi32(sum, multiplier), _mm256_and_si256(total, low_half), b);
  const __m256i odd_lanes = round_shift_64(_mm256_mul_epi32(odd(sum), odd(multiplier)), odd(total), b);
  return interleave(even_lanes, odd_lanes);
}

/// What stored() takes beside the values of Rounding: the bits of float32 sums.
constexpr int kReal = 4;

template <int kRounding>
__m256i stored(const int32_t* sums, const StoreRule& rule, int64_t c, const Bounds& b) {
  if constexpr (kRounding == kReal) {
    return _mm256_add_epi32(round_real(_mm256_castsi256_ps(load(sums)), b), b.zero_point);
  }
  const __m256i sum = _mm256_add_epi32(load(sums), load(rule.bias + c));
  __m256i rounded = sum;
  if constexpr (kRounding == 0) rounded = round_float(sum, rule, c, b);
  if constexpr (kRounding == 1) rounded = round_double(sum, rule, c, b);
  if constexpr (kRounding == 2) rounded = round_single(sum, rule, c, b);
  return _mm256_add_epi32(rounded, b.zero_point);
}

/// The low bytes of sixteen values that fit 8 bits, signed or not.
__m128i low_bytes(__m256i first, __m256i second) {
  const __m256i words = _mm256_and_si256(_mm256_packs_epi32(first, second), _mm256_set1_epi16(0xff));
  const __m256i ordered = _mm256_permute4x64_epi64(words, 0xD8);
  return _mm_packus_epi16(_mm256_castsi256_si128(ordered), _mm256_extracti128_si256(ordered, 1));
}

/// The low 16 bits of sixteen values.
__m256i low_words(__m256i first, __m256i second) {
  const __m256i mask = _mm256_set1_epi32(0xffff);
  const __m256i words = _mm256_packus_epi32(_mm256_and_si256(first, mask), _mm256_and_si256(second, mask));
  return _mm256_permute4x64_epi64(words, 0xD8);
}

template <int kRounding>
void store_word_row(const int32_t* sums, int columns, int64_t channel, std::byte* out, const StoreRule& rule,
                    const Bounds& b) {
  for (int c = 0; c < columns; c += 8) {
    const __m256i values = stored<kRounding>(sums + c, rule, channel + c, b);
    alignas(32) std::byte words[32];
    _mm256_store_si256(reinterpret_cast<__m256i*>(words), low_words(values, values));
    __builtin_memcpy(out + 2 * c, words, static_cast<size_t>(columns - c < 8 ? columns - c : 8) * 2);
  }
}

template <int kRounding>
void store_row(const int32_t* sums, int columns, int64_t channel, std::byte* out, const StoreRule& rule,
               const Bounds& b) {
  int c = 0;
  for (; c + 16 <= columns; c += 16) {
    const __m256i first = stored<kRounding>(sums + c, rule, channel + c, b);
    const __m256i second = stored<kRounding>(sums + c + 8, rule, channel + c + 8, b);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + c), low_bytes(first, second));
  }
  for (; c < columns; c += 8) {
    const __m256i values = stored<kRounding>(sums + c, rule, channel + c, b);
    alignas(16) std::byte bytes[16];
    _mm_store_si128(reinterpret_cast<__m128i*>(bytes), low_bytes(values, values));
    __builtin_memcpy(out + c, bytes, static_cast<size_t>(columns - c < 8 ? columns - c : 8));
  }
}

template <int kRounding>
void store_rows(const TileOutput& tile, const StoreRule& rule) {
  const Bounds b = bounds_of(rule);
  const auto* sums = static_cast<const int32_t*>(tile.sums);
  for (int r = 0; r < tile.rows; ++r) {
    store_row<kRounding>(sums + r * tile.sums_stride, tile.columns, tile.channel, tile.out + r * tile.out_stride, rule,
                         b);
  }
}

template <int kRounding>
void store_word_rows(const TileOutput& tile, const StoreRule& rule) {
  const Bounds b = bounds_of(rule);
  const auto* sums = static_cast<const int32_t*>(tile.sums);
  for (int r = 0; r < tile.rows; ++r) {
    store_word_row<kRounding>(sums + r * tile.sums_stride, tile.columns, tile.channel, tile.out + r * tile.out_stride,
                              rule, b);
  }
}

/// One line of float32 values, the last of them few.
void store_line(__m256 value, int columns, float* out) {
  if (columns >= 8) {
    _mm256_storeu_ps(out, value);
    return;
  }
  alignas(32) float lanes[8];
  _mm256_store_ps(lanes, value);
  __builtin_memcpy(out, lanes, static_cast<size_t>(columns) * sizeof(float));
}

/// The rounding `real`: no integer is made of the sum.
void store_scaled(const TileOutput& tile, const StoreRule& rule) {
  const __m256 low = _mm256_set1_ps(rule.real_low);
  const __m256 high = _mm256_set1_ps(rule.real_high);
  for (int r = 0; r < tile.rows; ++r) {
    const int32_t* sums = static_cast<const int32_t*>(tile.sums) + r * tile.sums_stride;
    auto* out = reinterpret_cast<float*>(tile.out + r * tile.out_stride);
    for (int c = 0; c < tile.columns; c += 8) {
      const __m256i sum = _mm256_add_epi32(load(sums + c), load(rule.bias + tile.channel + c));
      const __m256 value = _mm256_mul_ps(_mm256_cvtepi32_ps(sum), _mm256_loadu_ps(rule.scale + tile.channel + c));
      store_line(_mm256_min_ps(high, _mm256_max_ps(low, value)), tile.columns - c, out + c);
    }
  }
}

constexpr StoreInteger kStore[] = {store_rows<0>, store_rows<1>, store_rows<2>, store_scaled};
constexpr StoreInteger kStoreWords[] = {store_word_rows<0>, store_word_rows<1>, store_word_rows<2>, store_scaled};

}  // namespace

void avx2_store_integer(const TileOutput& tile, const StoreRule& rule) {
  kStore[rule.rounding](tile, rule);
}

void avx2_store_words(const TileOutput& tile, const StoreRule& rule) {
  kStoreWords[rule.rounding](tile, rule);
}

void avx2_store_real(const TileOutput& tile, const StoreRule& rule) {
  store_rows<kReal>(tile, rule);
}

}  // namespace QUERN_X86_NAMESPACE
