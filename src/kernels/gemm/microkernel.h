// What one instruction set does differently in matrix products, convolutions and depthwise windows: a few functions
// over plain structs. The loops around them (gemm/product.h, window/depthwise.h) are the same for all.
//
// This header is included by files compiled with an instruction set's own flags, so it holds no inline code and
// includes nothing that has any.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern {

inline constexpr int kChannelPadding = 64;

/// Bias and bounds of a float result; `bias` is padded to a multiple of kChannelPadding entries.
struct FloatRule {
  const float* bias;
  float low;
  float high;
};

/// One tile of an implicit matrix product: some rows (output positions) times one panel (output channels). A row's
/// elements lie in `segments` pieces: piece s begins at rows[r] + segments[s] and is `steps` units long.
struct TileProduct {
  const std::byte* const* rows;
  int row_count;
  const int64_t* segments;  ///< byte offsets from the start of a row
  int64_t segment_count;
  int64_t steps;           ///< units a segment
  const std::byte* panel;  ///< [segment][step][panel column][unit]
  int columns;             ///< how many columns of the panel are wanted; the rest may be left alone
  void* sums;              ///< 32-bit results, [row][panel column]; unused where the kernel stores
  // Where the kernel stores:
  const void* rule;  ///< a FloatRule, or a StoreRule of rounding 0 that shrinks; nullptr: sums are wanted
  int64_t channel;   ///< of the first column
  std::byte* out;    ///< of the first row's first column
  int64_t out_stride;
};

/// How the elements of a row are stored for the product.
enum class RowForm : uint8_t {
  centred_int16,  ///< x - zero point, in 16 bits; weights likewise
  offset_uint8,   ///< int8 values plus 128, uint8 as they are; weights as int8 (uint8 less 128)
  float32,
  stored_bytes,  ///< int8 and uint8 as they are; weights as int8 (uint8 less 128)
};

/// The tile shape of an instruction set, and its code.
struct ProductKernel {
  RowForm form;
  int rows;     ///< most rows a call takes
  int columns;  ///< columns of a panel
  int unit;     ///< elements of a row that are multiplied together
  void (*multiply)(const TileProduct& tile);
  bool stores;  ///< writes the output itself where the tile has a rule
};

/// A tile of sums on its way to the output.
struct TileOutput {
  const void* sums;
  int64_t sums_stride;  ///< elements from row to row
  int rows;
  int columns;
  int64_t channel;  ///< of the first column
  std::byte* out;
  int64_t out_stride;  ///< bytes from row to row
};

/// kernels/requantize.h's Requantization as bare arrays, each padded to a multiple of kChannelPadding entries.
struct StoreRule {
  int rounding;         ///< the value of quern::Rounding: 0 float, 1 fixed double, 2 fixed single, 3 real
  const int32_t* bias;  ///< added to the sum before everything else
  const float* scale;
  const int32_t* multiplier;
  const int32_t* shift;
  int32_t zero_point;
  int32_t low;
  int32_t high;
  float real_low;  ///< bounds where rounding is real
  float real_high;
  bool shrinks;  ///< every scale is below 1, so that a scaled sum stays in int32
};

/// Writes a tile of int32 sums by the rule: as 8-bit values (or 16-bit, where the function is for those), or as float32
/// where its rounding is real.
using StoreInteger = void (*)(const TileOutput& tile, const StoreRule& rule);

/// Writes a tile of float32 sums, none of them NaN, as 8-bit values: rounded half to even, moved by the zero point,
/// held in bounds. Of the rule only those count.
using StoreReal = void (*)(const TileOutput& tile, const StoreRule& rule);

/// Rows of bytes at a constant distance, times a panel of up to kBlockColumns output channels, from sums to stored
/// values in one go. A row is read in `blocks` pieces of `block_bytes`; what it reads beyond its depth meets weights of
/// 0.
struct BlockProduct {
  const std::byte* rows;
  int64_t row_stride;  ///< bytes
  int64_t row_count;
  int64_t blocks;
  int block_bytes;                    ///< a multiple of 4, at most 64
  const int64_t* offsets;             ///< bytes from the start of a row to each block
  bool is_signed;                     ///< rows are int8, else uint8
  const std::byte* panel;             ///< [block][column tile][block_bytes / 4][16 columns][4]
  int columns;                        ///< of the panel that are wanted
  int64_t channel;                    ///< of the first column
  const int32_t* row_sums;            ///< of each row; nullptr: no column has a zero point
  const int32_t* column_zero_points;  ///< by channel
  const StoreRule* rule;
  StoreInteger store;  ///< for roundings the code has no way of its own for
  std::byte* out;
  int64_t out_stride;  ///< bytes from row to row
};
inline constexpr int kBlockColumns = 64;
inline constexpr int kBlockTile = 16;  ///< rows and columns of a tile

/// Copies each window's segments side by side, rows `row_stride` bytes apart; up to 63 bytes behind a row are written
/// too.
struct GatherRows {
  const std::byte* const* windows;
  int64_t count;
  const int64_t* segments;  ///< byte offsets from a window
  int64_t segment_count;
  int64_t segment_bytes;
  std::byte* to;
  int64_t row_stride;
};

/// What an instruction set with tiles of bytes does.
struct BlockKernel {
  void (*multiply)(const BlockProduct& product);
  void (*gather)(const GatherRows& rows);
  /// Adds up `depth` bytes of each row.
  void (*sum_rows)(const BlockProduct& product, int64_t depth, int32_t* sums);
};

/// Some output positions of a depthwise window times a block of channels. Input bytes are offset_uint8 (or float32).
struct WindowProduct {
  const std::byte* const* windows;  ///< one a position, each at the first channel of its first tap
  int positions;
  const int64_t* taps;       ///< byte offsets
  int tap_count;             ///< a multiple of `unit`; the weights of surplus taps are 0
  int64_t offset;            ///< bytes from a tap's first channel to the block's
  const std::byte* weights;  ///< [channel group][tap / unit][lane][tap % unit]
  int groups;
  void* sums;  ///< 32-bit results, [position][sums_stride]
  int64_t sums_stride;
};

/// The weights of a depthwise window, and the code. Whole groups are read at every tap and written to the sums.
struct WindowKernel {
  bool wide_weights;          ///< integer weights: w - zero point in 16 bits, else signed bytes (uint8 less 128)
  int group;                  ///< channels whose weights lie together
  int unit;                   ///< taps that are multiplied together
  const uint8_t* lane_order;  ///< lane -> channel in the group
  void (*multiply)(const WindowProduct& window);
};

/// Runs of output elements of a depthwise convolution: element i of a run meets element i behind each tap, so that a
/// run is the part of a line whose windows lie within the input (stride 1), or a pixel. Results are stored by the rule
/// `float`.
struct WindowRun {
  const std::byte* const* taps;  ///< a multiple of four, for the first run; the weights of surplus taps are 0
  int64_t quads;                 ///< fours of taps
  int64_t pitch;                 ///< bytes from a run's taps to the next one's
  int64_t runs;
  int64_t length;            ///< elements of a run
  bool is_signed;            ///< the input is int8, else uint8
  int64_t patterns;          ///< vectors of weights until they repeat within a run
  const std::byte* weights;  ///< [pattern][quad][quarter][16 lanes][4 taps]; quarter j has elements 4j…4j+3 of every 16
  const int32_t* bias;       ///< [pattern][quarter][16 lanes]; scales likewise, all below 1
  const float* scale;
  int32_t zero_point;
  int32_t low;
  int32_t high;
  std::byte* out;  ///< runs lie side by side
};
inline constexpr int kRunVector = 64;
using RunWindows = void (*)(const WindowRun& run);

/// The same of float32.
struct FloatWindowRun {
  const std::byte* const* taps;
  int64_t tap_count;
  int64_t pitch;
  int64_t runs;
  int64_t length;
  int64_t patterns;
  const float* weights;  ///< [pattern][bias, taps][kFloatRunVector]
  float low;
  float high;
  float* out;
};
inline constexpr int kFloatRunVector = 32;
using RunFloatWindows = void (*)(const FloatWindowRun& run);

/// Four lines of bytes, interleaved: dword k of stream j is the four lines' bytes of element 16 (k / 4) + 4 j + k % 4.
/// So an offset of sixteen elements is one of sixteen bytes in every stream.
struct QuadLines {
  const std::byte* lines[4];
  int64_t length;  ///< elements, a multiple of 16
  bool is_signed;  ///< int8, which is moved to uint8
  std::byte* streams;
  int64_t pitch;  ///< bytes from stream to stream; up to 48 bytes behind `length` are written
};

/// A line of windows of stride 1 over interleaved lines, stored by the rule `float`. A quad is four taps below each
/// other.
struct QuadWindows {
  const std::byte* streams;
  int64_t pitch;           ///< bytes from stream to stream
  const int64_t* offsets;  ///< of each quad: bytes to its streams
  int64_t quads;
  int64_t length;            ///< elements of the line
  int64_t patterns;          ///< vectors of weights until they repeat
  const std::byte* weights;  ///< as a WindowRun has them; bias and scale too
  const int32_t* bias;
  const float* scale;
  int32_t zero_point;
  int32_t low;
  int32_t high;
  std::byte* out;
};
struct QuadKernel {
  void (*interleave)(const QuadLines& lines);
  void (*run)(const QuadWindows& windows);
};

/// Some output positions of a pool's window over offset_uint8 bytes, all channels.
struct WindowMaximum {
  const std::byte* const* windows;
  int positions;
  const int64_t* taps;  ///< byte offsets
  int tap_count;
  int64_t channels;  ///< up to kMaximumGroup - 1 more are read
  std::byte* out;    ///< [position][channel], dense
};
inline constexpr int kMaximumGroup = 32;
using MaximumOfBytes = void (*)(const WindowMaximum& window);

}  // namespace quern
