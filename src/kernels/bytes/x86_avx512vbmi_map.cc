// Tables of 256 bytes on AVX-512 VBMI: two permutations look up 128 entries each, the byte's highest bit chooses.
#include "kernels/bytes/bytes.h"
#include "kernels/x86_intrinsics.h"

namespace QUERN_X86_NAMESPACE {
namespace {

/// Does sixty-four bytes, or as many as are wanted.
template <typename Function>
void each_vector(const quern::ByteRows& given, Function function) {
  const quern::ByteRows rows = given;  // nothing that is stored can change it
  const int64_t whole = rows.length / 64 * 64;
  const __mmask64 rest = (__mmask64{1} << (rows.length - whole)) - 1;
  for (int64_t r = 0; r < rows.count; ++r) {
    const uint8_t* from = rows.from + r * rows.from_pitch;
    uint8_t* to = rows.to + r * rows.to_pitch;
    for (int64_t i = 0; i < whole; i += 64) _mm512_storeu_si512(to + i, function(_mm512_loadu_si512(from + i)));
    if (rest == 0) continue;
    const __m512i last = function(_mm512_maskz_loadu_epi8(rest, from + whole));
    _mm512_mask_storeu_epi8(to + whole, rest, last);
  }
}

}  // namespace

void avx512vbmi_map_bytes(const uint8_t* table, const quern::ByteRows& rows) {
  if (table == nullptr) return each_vector(rows, [](__m512i bytes) { return bytes; });
  const __m512i t0 = _mm512_loadu_si512(table), t1 = _mm512_loadu_si512(table + 64);
  const __m512i t2 = _mm512_loadu_si512(table + 128), t3 = _mm512_loadu_si512(table + 192);
  each_vector(rows, [=](__m512i bytes) {
    const __m512i low = _mm512_permutex2var_epi8(t0, bytes, t1);
    const __m512i high = _mm512_permutex2var_epi8(t2, bytes, t3);
    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(bytes), low, high);
  });
}

}  // namespace QUERN_X86_NAMESPACE
