// Tables of 256 bytes on AVX-512 VBMI: two permutations look up 128 entries each, the byte's highest bit chooses.
#include "kernels/bytes/bytes.h"
#include "kernels/x86_intrinsics.h"

namespace QUERN_X86_NAMESPACE {

void avx512vbmi_map_bytes(const uint8_t* table, const uint8_t* from, uint8_t* to, int64_t count) {
  const __m512i t0 = _mm512_loadu_si512(table), t1 = _mm512_loadu_si512(table + 64);
  const __m512i t2 = _mm512_loadu_si512(table + 128), t3 = _mm512_loadu_si512(table + 192);
  for (int64_t i = 0; i < count; i += 64) {
    const int64_t left = count - i;
    const __mmask64 wanted = left >= 64 ? ~__mmask64{0} : (__mmask64{1} << left) - 1;
    const __m512i bytes = _mm512_maskz_loadu_epi8(wanted, from + i);
    const __m512i low = _mm512_permutex2var_epi8(t0, bytes, t1);
    const __m512i high = _mm512_permutex2var_epi8(t2, bytes, t3);
    _mm512_mask_storeu_epi8(to + i, wanted, _mm512_mask_blend_epi8(_mm512_movepi8_mask(bytes), low, high));
  }
}

}  // namespace QUERN_X86_NAMESPACE
