// The x86 vector intrinsics in portable code: SIMDe, and the few that it lacks. Slow; it is there to check the
// arithmetic of a kernel on a machine without its instruction set.
#pragma once

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx2.h>
#include <simde/x86/avx512.h>
#include <simde/x86/fma.h>

#include <cmath>
#include <cstdint>
#include <cstring>

#include "support/emulated_tiles.h"

namespace quern::emulated {

template <typename T, typename Vector>
struct Lanes {
  static constexpr int kCount = sizeof(Vector) / sizeof(T);
  T lane[kCount];

  static Lanes of(Vector v) {
    Lanes lanes;
    std::memcpy(lanes.lane, &v, sizeof v);
    return lanes;
  }
  Vector vector() const {
    Vector v;
    std::memcpy(&v, lane, sizeof v);
    return v;
  }
};
using Ints512 = Lanes<int32_t, simde__m512i>;
using Wides512 = Lanes<int64_t, simde__m512i>;
using Floats512 = Lanes<float, simde__m512>;
using Words512 = Lanes<int16_t, simde__m512i>;
using Words256 = Lanes<int16_t, simde__m256i>;
using Bytes128 = Lanes<int8_t, simde__m128i>;

inline simde__m512 cvtepi32_ps(simde__m512i v) {
  const auto in = Ints512::of(v);
  Floats512 out;
  for (int i = 0; i < 16; ++i) out.lane[i] = static_cast<float>(in.lane[i]);
  return out.vector();
}
inline simde__m512i cvtps_epi32(simde__m512 v) {
  const auto in = Floats512::of(v);
  Ints512 out;
  for (int i = 0; i < 16; ++i) out.lane[i] = static_cast<int32_t>(std::nearbyint(in.lane[i]));
  return out.vector();
}
inline simde__m128i cvtepi32_epi8(simde__m512i v) {
  const auto in = Ints512::of(v);
  Bytes128 out;
  for (int i = 0; i < 16; ++i) out.lane[i] = static_cast<int8_t>(in.lane[i]);
  return out.vector();
}
inline simde__m512i madd_epi16(simde__m512i a, simde__m512i b) {
  const auto x = Words512::of(a), y = Words512::of(b);
  Ints512 out;
  for (int i = 0; i < 16; ++i) {
    out.lane[i] = x.lane[2 * i] * y.lane[2 * i] + x.lane[2 * i + 1] * y.lane[2 * i + 1];
  }
  return out.vector();
}
inline simde__m256i cvtepi32_epi16(simde__m512i v) {
  const auto in = Ints512::of(v);
  Words256 out;
  for (int i = 0; i < 16; ++i) out.lane[i] = static_cast<int16_t>(in.lane[i]);
  return out.vector();
}
inline simde__m512i srav_epi32(simde__m512i v, simde__m512i count) {
  auto out = Ints512::of(v);
  const auto by = Ints512::of(count);
  // In two statements: gcc 12's undefined-behaviour sanitizer gets `lane[i] >>= … lane[i]` wrong.
  for (int i = 0; i < 16; ++i) {
    const int shift = static_cast<uint32_t>(by.lane[i]) > 31 ? 31 : by.lane[i];
    out.lane[i] = out.lane[i] >> shift;
  }
  return out.vector();
}
inline simde__m512i srav_epi64(simde__m512i v, simde__m512i count) {
  auto out = Wides512::of(v);
  const auto by = Wides512::of(count);
  for (int i = 0; i < 8; ++i) {
    const int64_t shift = static_cast<uint64_t>(by.lane[i]) > 63 ? 63 : by.lane[i];
    out.lane[i] = out.lane[i] >> shift;
  }
  return out.vector();
}
inline simde__m512i srai_epi32(simde__m512i v, unsigned int count) {
  return srav_epi32(v, simde_mm512_set1_epi32(static_cast<int32_t>(count)));
}
inline int32_t reduce_add_epi32(simde__m512i v) {
  uint32_t sum = 0;
  for (int32_t lane : Ints512::of(v).lane) sum += static_cast<uint32_t>(lane);
  return static_cast<int32_t>(sum);
}
template <typename T, typename Vector>
void mask_store(void* to, uint64_t mask, Vector v) {
  const auto in = Lanes<T, Vector>::of(v);
  for (int i = 0; i < Lanes<T, Vector>::kCount; ++i) {
    if ((mask >> i & 1) != 0) std::memcpy(static_cast<char*>(to) + i * sizeof(T), &in.lane[i], sizeof(T));
  }
}
// SIMDe reads and writes whole vectors here; the instructions leave alone what their masks leave out.
inline uint64_t sign_bits(simde__m256i v) {
  return static_cast<uint32_t>(simde_mm256_movemask_ps(simde_mm256_castsi256_ps(v)));
}
template <typename T, typename Vector>
Vector maskz_load(uint64_t mask, const void* from) {
  Lanes<T, Vector> out{};
  for (int i = 0; i < Lanes<T, Vector>::kCount; ++i) {
    if ((mask >> i & 1) != 0) std::memcpy(&out.lane[i], static_cast<const char*>(from) + i * sizeof(T), sizeof(T));
  }
  return out.vector();
}

inline simde__m256 maskload_ps(const float* from, simde__m256i mask) {
  return maskz_load<float, simde__m256>(sign_bits(mask), from);
}
inline void maskstore_ps(float* to, simde__m256i mask, simde__m256 v) {
  mask_store<float, simde__m256>(to, sign_bits(mask), v);
}

}  // namespace quern::emulated

#undef _mm256_maskload_ps
#undef _mm256_maskstore_ps
#define _mm256_maskload_ps quern::emulated::maskload_ps
#define _mm256_maskstore_ps quern::emulated::maskstore_ps
#define _mm256_dpbusd_avx_epi32 simde_mm256_dpbusd_epi32
#define __mmask16 uint16_t
#define __mmask32 uint32_t
#define __mmask64 uint64_t
#define _mm512_cvtepi32_ps quern::emulated::cvtepi32_ps
#define _mm512_cvtps_epi32 quern::emulated::cvtps_epi32
#define _mm512_cvtepi32_epi8 quern::emulated::cvtepi32_epi8
#undef _mm512_madd_epi16  // SIMDe's alias takes the masked form's arguments
#define _mm512_madd_epi16 quern::emulated::madd_epi16
#define _mm512_cvtepi32_epi16 quern::emulated::cvtepi32_epi16
#define _mm512_srav_epi32 quern::emulated::srav_epi32
#define _mm512_srav_epi64 quern::emulated::srav_epi64
#define _mm512_reduce_add_epi32 quern::emulated::reduce_add_epi32
#define _mm512_srai_epi32 quern::emulated::srai_epi32
#define _mm_mask_storeu_epi8 quern::emulated::mask_store<int8_t, simde__m128i>
#define _mm256_mask_storeu_epi8 quern::emulated::mask_store<int8_t, simde__m256i>
#define _mm512_mask_storeu_epi8 quern::emulated::mask_store<int8_t, simde__m512i>
#define _mm256_mask_storeu_epi16 quern::emulated::mask_store<int16_t, simde__m256i>
#define _mm512_mask_storeu_ps quern::emulated::mask_store<float, simde__m512>
#define _mm512_maskz_loadu_ps quern::emulated::maskz_load<float, simde__m512>
#define _mm_maskz_loadu_epi8 quern::emulated::maskz_load<int8_t, simde__m128i>
#define _mm256_maskz_loadu_epi8 quern::emulated::maskz_load<int8_t, simde__m256i>
#define _mm512_maskz_loadu_epi8 quern::emulated::maskz_load<int8_t, simde__m512i>
