// Integer products on AVX2: 16-bit pairs through vpmaddwd. (vpmaddubsw would take bytes, but saturates at 16 bits for
// full-range activations, and integer results must be equal.)
#include "kernels/gemm/x86.h"
#include "kernels/x86_intrinsics.h"

namespace QUERN_X86_NAMESPACE {
namespace {

constexpr int kRows = 6;
constexpr int kColumns = 16;

// Named members, not an array: gcc keeps an array of accumulators in memory.
template <int N>
struct Sums {
  Sums<N - 1> above;
  __m256i left, right;
};
template <>
struct Sums<0> {};

template <int N>
inline __attribute__((always_inline)) void clear(Sums<N>& sums) {
  if constexpr (N > 1) clear(sums.above);
  sums.left = _mm256_setzero_si256();
  sums.right = _mm256_setzero_si256();
}

inline __attribute__((always_inline)) __m256i pair_at(const std::byte* p) {
  int32_t pair;
  __builtin_memcpy(&pair, p, sizeof pair);
  return _mm256_set1_epi32(pair);
}

template <int N, bool kWide>
inline __attribute__((always_inline)) void step(Sums<N>& sums, const std::byte* const* rows, int64_t at, __m256i left,
                                                __m256i right) {
  if constexpr (N > 1) step<N - 1, kWide>(sums.above, rows, at, left, right);
  const __m256i a = pair_at(rows[N - 1] + at);
  sums.left = _mm256_add_epi32(sums.left, _mm256_madd_epi16(a, left));
  if constexpr (kWide) sums.right = _mm256_add_epi32(sums.right, _mm256_madd_epi16(a, right));
}

template <int N>
inline __attribute__((always_inline)) void write(const Sums<N>& sums, int32_t* out) {
  if constexpr (N > 1) write(sums.above, out);
  auto* to = reinterpret_cast<__m256i*>(out + (N - 1) * kColumns);
  _mm256_storeu_si256(to, sums.left);
  _mm256_storeu_si256(to + 1, sums.right);
}

template <int N, bool kWide>
void multiply_rows(const TileProduct& tile) {
  const std::byte* rows[N];
  for (int r = 0; r < N; ++r) rows[r] = tile.rows[r];
  Sums<N> sums;
  clear(sums);
  const auto* weights = reinterpret_cast<const __m256i*>(tile.panel);
  for (int64_t s = 0; s < tile.segment_count; ++s) {
    const int64_t begin = tile.segments[s];
    const int64_t end = begin + tile.steps * 4;
    for (int64_t at = begin; at < end; at += 4, weights += 2) {
      step<N, kWide>(sums, rows, at, _mm256_loadu_si256(weights), _mm256_loadu_si256(weights + 1));
    }
  }
  write(sums, static_cast<int32_t*>(tile.sums));
}

using Multiply = void (*)(const TileProduct&);
constexpr Multiply kNarrow[kRows] = {multiply_rows<1, false>, multiply_rows<2, false>, multiply_rows<3, false>,
                                     multiply_rows<4, false>, multiply_rows<5, false>, multiply_rows<6, false>};
constexpr Multiply kWide[kRows] = {multiply_rows<1, true>, multiply_rows<2, true>, multiply_rows<3, true>,
                                   multiply_rows<4, true>, multiply_rows<5, true>, multiply_rows<6, true>};

void multiply(const TileProduct& tile) {
  (tile.columns <= kColumns / 2 ? kNarrow : kWide)[tile.row_count - 1](tile);
}

constexpr ProductKernel kKernel = {RowForm::centred_int16, kRows, kColumns, 2, multiply};

}  // namespace

const ProductKernel& avx2_int8_product() {
  return kKernel;
}

}  // namespace QUERN_X86_NAMESPACE
