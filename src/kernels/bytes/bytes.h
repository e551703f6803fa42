// Bytes through tables, and bytes that change places: what an instruction set does faster than loops. This header is
// included by files compiled with an instruction set's own flags, so it holds no inline code.
#pragma once

#include <cstdint>

#include "kernels/x86_namespace.h"

namespace quern {

/// Rows of bytes, each so many bytes behind the one before it.
struct ByteRows {
  const uint8_t* from;
  int64_t from_pitch;
  uint8_t* to;
  int64_t to_pitch;
  int64_t length;
  int64_t count;
};
/// to[i] = table[from[i]], a table of 256; a copy where `table` is nullptr.
using MapBytes = void (*)(const uint8_t* table, const ByteRows& rows);

/// A matrix of the output: to[r * to_stride + c] = from[c * from_stride + r].
struct ByteMatrix {
  const uint8_t* from;
  int64_t from_stride;
  uint8_t* to;
  int64_t to_stride;
  int64_t rows;
  int64_t columns;
};
/// `count` matrices, each so many bytes behind the one before it.
struct ByteMatrices {
  ByteMatrix first;
  int64_t count;
  int64_t from_pitch;
  int64_t to_pitch;
};
using TransposeBytes = void (*)(const ByteMatrices& matrices);

}  // namespace quern

namespace QUERN_X86_NAMESPACE {

void avx512vbmi_map_bytes(const uint8_t* table, const quern::ByteRows& rows);
void avx2_map_bytes(const uint8_t* table, const quern::ByteRows& rows);
void avx2_transpose_bytes(const quern::ByteMatrices& matrices);

}  // namespace QUERN_X86_NAMESPACE
