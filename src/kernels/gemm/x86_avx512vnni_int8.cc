// Integer products on AVX-512 VNNI: four bytes at a time through vpdpbusd, unsigned activations by signed weights.
#include "kernels/gemm/x86.h"
#include "kernels/x86_intrinsics.h"

namespace QUERN_X86_NAMESPACE {
namespace {

constexpr int kRows = 8;
constexpr int kColumns = 32;

// Named members, not an array: gcc keeps an array of accumulators in memory.
template <int N>
struct Sums {
  Sums<N - 1> above;
  __m512i left, right;
};
template <>
struct Sums<0> {};

template <int N>
inline __attribute__((always_inline)) void clear(Sums<N>& sums) {
  if constexpr (N > 1) clear(sums.above);
  sums.left = _mm512_setzero_si512();
  sums.right = _mm512_setzero_si512();
}

inline __attribute__((always_inline)) __m512i quad_at(const std::byte* p) {
  int32_t quad;
  __builtin_memcpy(&quad, p, sizeof quad);
  return _mm512_set1_epi32(quad);
}

template <int N, bool kWide>
inline __attribute__((always_inline)) void step(Sums<N>& sums, const std::byte* const* rows, int64_t at, __m512i left,
                                                __m512i right) {
  if constexpr (N > 1) step<N - 1, kWide>(sums.above, rows, at, left, right);
  const __m512i a = quad_at(rows[N - 1] + at);
  sums.left = _mm512_dpbusd_epi32(sums.left, a, left);
  if constexpr (kWide) sums.right = _mm512_dpbusd_epi32(sums.right, a, right);
}

template <int N>
inline __attribute__((always_inline)) void write(const Sums<N>& sums, int32_t* out) {
  if constexpr (N > 1) write(sums.above, out);
  _mm512_storeu_si512(out + (N - 1) * kColumns, sums.left);
  _mm512_storeu_si512(out + (N - 1) * kColumns + 16, sums.right);
}

template <int N, bool kWide>
void multiply_rows(const TileProduct& tile) {
  const std::byte* rows[N];
  for (int r = 0; r < N; ++r) rows[r] = tile.rows[r];
  Sums<N> sums;
  clear(sums);
  const std::byte* weights = tile.panel;
  for (int64_t s = 0; s < tile.segment_count; ++s) {
    const int64_t begin = tile.segments[s];
    const int64_t end = begin + tile.steps * 4;
    for (int64_t at = begin; at < end; at += 4, weights += 128) {
      step<N, kWide>(sums, rows, at, _mm512_loadu_si512(weights), _mm512_loadu_si512(weights + 64));
    }
  }
  write(sums, static_cast<int32_t*>(tile.sums));
}

using Multiply = void (*)(const TileProduct&);
constexpr Multiply kNarrow[kRows] = {multiply_rows<1, false>, multiply_rows<2, false>, multiply_rows<3, false>,
                                     multiply_rows<4, false>, multiply_rows<5, false>, multiply_rows<6, false>,
                                     multiply_rows<7, false>, multiply_rows<8, false>};
constexpr Multiply kWide[kRows] = {multiply_rows<1, true>, multiply_rows<2, true>, multiply_rows<3, true>,
                                   multiply_rows<4, true>, multiply_rows<5, true>, multiply_rows<6, true>,
                                   multiply_rows<7, true>, multiply_rows<8, true>};

void multiply(const TileProduct& tile) {
  (tile.columns <= kColumns / 2 ? kNarrow : kWide)[tile.row_count - 1](tile);
}

constexpr ProductKernel kKernel = {RowForm::offset_uint8, kRows, kColumns, 4, multiply};

}  // namespace

const ProductKernel& avx512vnni_int8_product() {
  return kKernel;
}

}  // namespace QUERN_X86_NAMESPACE
