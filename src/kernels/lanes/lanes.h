// Loops that say the same for every element: plain C++ in lanes.inc, which each instruction set's file compiles with
// its own flags, so that the compiler's vectors are as long as the processor's. Sums and roundings are in the order of
// the reference, element by element; nothing here is reordered.
//
// This header is included by such files, so it holds no inline code.
#pragma once

#include <cstdint>

#include "kernels/x86_namespace.h"

namespace quern {

/// Stored bytes of one scale: int8 or uint8.
struct Bytes {
  const uint8_t* data;
  bool is_signed;
  int32_t zero_point;
  float scale;
};

/// Where results become stored bytes: rounded half to even, moved by the zero point, held in bounds.
struct ByteTarget {
  uint8_t* data;
  int32_t zero_point;
  int32_t low;  ///< zero point included
  int32_t high;
};

/// A row of a linear resize: columns of `channels` floats between two lines.
struct MixedRow {
  const float* top;
  const float* bottom;
  float top_weight;
  float bottom_weight;
  const int64_t* first;  ///< neighbours of each column of the output, and their weights
  const int64_t* second;
  const float* first_weight;
  const float* second_weight;
  int64_t columns;
  int64_t channels;
  float scale;  ///< of the output
};

/// 32-bit elements whose rows become columns; strides in elements.
struct WordMatrix {
  const uint32_t* from;
  int64_t from_stride;
  uint32_t* to;
  int64_t to_stride;
  int64_t rows;
  int64_t columns;
};

struct Lanes {
  /// to[i] = (from[i] - zero point) * scale.
  void (*dequantize)(const Bytes& from, int64_t count, float* to);
  /// from[i] / scale; what is not a number is the real 0.
  void (*quantize)(const float* from, float scale, int64_t count, const ByteTarget& to);
  /// sums[c] += the codes of `rows` rows of `columns`, one after another.
  void (*add_rows)(const Bytes& from, int64_t rows, int64_t columns, int32_t* sums);
  /// sums[c] += the elements of `rows` rows of `columns`, one after another.
  void (*add_float_rows)(const float* from, int64_t rows, int64_t columns, double* sums);
  /// a * ratio of a + b * ratio of b, where `scale` of each is its ratio to the output's scale; b is one byte for all
  /// where `b_step` is 0. `b`'s scale may be negative.
  void (*add)(const Bytes& a, const Bytes& b, int b_step, int64_t count, const ByteTarget& to);
  /// (a - zero point) * (b - zero point) * factor.
  void (*multiply)(const Bytes& a, const Bytes& b, int b_step, float factor, int64_t count, const ByteTarget& to);
  void (*mix)(const MixedRow& row, const ByteTarget& to);
  /// to[i] = the greatest of rows[0][i], rows[1][i] ... and `low`, at most `high`.
  void (*maximum)(const float* const* rows, int64_t count, int64_t length, float low, float high, float* to);
  /// x below 0 times `slope`.
  void (*leaky)(const float* from, float slope, int64_t count, float* to);
  /// x held in bounds.
  void (*bound)(const float* from, float low, float high, int64_t count, float* to);
  /// x * clamp(x / 6 + 1/2, 0, 1).
  void (*hard_swish)(const float* from, int64_t count, float* to);
  /// sums less `offset` times `factor`.
  void (*store_sums)(const int32_t* sums, int32_t offset, float factor, int64_t count, const ByteTarget& to);
  /// A matrix of the output: to[r * to_stride + c] = from[c * from_stride + r].
  void (*transpose)(const WordMatrix& matrix);
  /// 1 / (1 + e^-x), to the bit as the reference has it.
  void (*sigmoid)(const float* from, int64_t count, float* to);
};

}  // namespace quern

namespace QUERN_X86_NAMESPACE {

const quern::Lanes& avx2_lanes();
const quern::Lanes& avx512_lanes();

}  // namespace QUERN_X86_NAMESPACE
