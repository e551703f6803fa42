// Tables and transposes of bytes on AVX2.
#include "kernels/bytes/bytes.h"
#include "kernels/x86_intrinsics.h"

namespace QUERN_X86_NAMESPACE {
namespace {

__m128i load(const uint8_t* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}
void store(uint8_t* p, __m128i v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), v);
}

void transpose_plainly(const quern::ByteMatrix& m, int64_t first_row, int64_t last_row, int64_t first_column,
                       int64_t last_column) {
  for (int64_t r = first_row; r < last_row; ++r) {
    for (int64_t c = first_column; c < last_column; ++c) m.to[r * m.to_stride + c] = m.from[c * m.from_stride + r];
  }
}

/// Two columns side by side: the bytes of two lines take turns.
void interleave_two(const quern::ByteMatrix& m) {
  if (m.rows < 16) return transpose_plainly(m, 0, m.rows, 0, 2);
  for (int64_t r = 0; r < m.rows; r += 16) {
    const int64_t at = r + 16 <= m.rows ? r : m.rows - 16;  // the last sixteen rows may be done twice
    const __m128i a = load(m.from + at), b = load(m.from + m.from_stride + at);
    store(m.to + 2 * at, _mm_unpacklo_epi8(a, b));
    store(m.to + 2 * at + 16, _mm_unpackhi_epi8(a, b));
  }
}

/// Three columns side by side. Byte i of an output vector is of line (16 v + i) % 3, at (16 v + i) / 3.
void interleave_three(const quern::ByteMatrix& m) {
  alignas(16) int8_t order[3][3][16];
  for (int v = 0; v < 3; ++v) {
    for (int line = 0; line < 3; ++line) {
      for (int i = 0; i < 16; ++i) {
        const int at = 16 * v + i;
        order[v][line][i] = static_cast<int8_t>(at % 3 == line ? at / 3 : -1);
      }
    }
  }
  const auto shuffled = [&](__m128i bytes, int v, int line) {
    return _mm_shuffle_epi8(bytes, _mm_load_si128(reinterpret_cast<const __m128i*>(order[v][line])));
  };
  int64_t r = 0;
  for (; r + 16 <= m.rows; r += 16) {
    const __m128i a = load(m.from + r), b = load(m.from + m.from_stride + r), c = load(m.from + 2 * m.from_stride + r);
    for (int v = 0; v < 3; ++v) {
      const __m128i two = _mm_or_si128(shuffled(a, v, 0), shuffled(b, v, 1));
      store(m.to + 3 * r + 16 * v, _mm_or_si128(two, shuffled(c, v, 2)));
    }
  }
  transpose_plainly(m, r, m.rows, 0, 3);
}

/// Sixteen rows by sixteen columns. Taking lines i and i + 8 in turns four times over transposes them.
void transpose_square(const uint8_t* from, int64_t from_stride, uint8_t* to, int64_t to_stride) {
  __m128i lines[16], turned[16];
  for (int i = 0; i < 16; ++i) lines[i] = load(from + i * from_stride);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 8; ++i) {
      turned[2 * i] = _mm_unpacklo_epi8(lines[i], lines[i + 8]);
      turned[2 * i + 1] = _mm_unpackhi_epi8(lines[i], lines[i + 8]);
    }
    for (int i = 0; i < 8; ++i) {
      lines[2 * i] = _mm_unpacklo_epi8(turned[i], turned[i + 8]);
      lines[2 * i + 1] = _mm_unpackhi_epi8(turned[i], turned[i + 8]);
    }
  }
  for (int i = 0; i < 16; ++i) store(to + i * to_stride, lines[i]);
}

}  // namespace

namespace {

void transpose_squares(const quern::ByteMatrix& m) {
  const int64_t rows = m.rows / 16 * 16, columns = m.columns / 16 * 16;
  for (int64_t r = 0; r < rows; r += 16) {
    for (int64_t c = 0; c < columns; c += 16) {
      transpose_square(m.from + c * m.from_stride + r, m.from_stride, m.to + r * m.to_stride + c, m.to_stride);
    }
  }
  transpose_plainly(m, 0, rows, columns, m.columns);
  transpose_plainly(m, rows, m.rows, 0, m.columns);
}

}  // namespace

void avx2_transpose_bytes(const quern::ByteMatrices& matrices) {
  quern::ByteMatrix m = matrices.first;
  const bool dense = m.columns == m.to_stride;
  const auto transpose = dense && m.columns == 2   ? interleave_two
                         : dense && m.columns == 3 ? interleave_three
                                                   : transpose_squares;
  for (int64_t i = 0; i < matrices.count; ++i, m.from += matrices.from_pitch, m.to += matrices.to_pitch) transpose(m);
}

namespace {

void map_row(const uint8_t* table, const uint8_t* from, uint8_t* to, int64_t count) {
  const __m256i low_bits = _mm256_set1_epi8(15);
  int64_t i = 0;
  for (; i + 32 <= count; i += 32) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + i));
    const __m256i low = _mm256_and_si256(bytes, low_bits);
    const __m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), low_bits);
    __m256i found = _mm256_setzero_si256();
    for (int part = 0; part < 16; ++part) {
      const __m256i entries = _mm256_broadcastsi128_si256(load(table + 16 * part));
      const __m256i here = _mm256_cmpeq_epi8(high, _mm256_set1_epi8(static_cast<char>(part)));
      found = _mm256_or_si256(found, _mm256_and_si256(here, _mm256_shuffle_epi8(entries, low)));
    }
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i), found);
  }
  for (; i < count; ++i) to[i] = table[from[i]];
}

}  // namespace

void avx2_map_bytes(const uint8_t* table, const quern::ByteRows& rows) {
  for (int64_t r = 0; r < rows.count; ++r) {
    const uint8_t* from = rows.from + r * rows.from_pitch;
    uint8_t* to = rows.to + r * rows.to_pitch;
    if (table != nullptr) {
      map_row(table, from, to, rows.length);
    } else {
      __builtin_memcpy(to, from, static_cast<size_t>(rows.length));
    }
  }
}

}  // namespace QUERN_X86_NAMESPACE
