// Products of bytes on AMX: tiles of 16 rows by 64 bytes times tiles of 16 columns, and AVX-512 for what is around
// them. A product of two tiles takes 16 cycles and its sum is there after 52, so four sums are always under way; while
// they are, the sums before them are stored (kernels/requantize.h is the law of that).
#include "kernels/gemm/x86.h"
#include "kernels/x86_intrinsics.h"

#define QUERN_INLINE inline __attribute__((always_inline))

namespace QUERN_X86_NAMESPACE {
namespace {

constexpr int kTileBytes = 64;
constexpr int kTiles = 4;  ///< sums under way

/// The operand of ldtilecfg.
struct alignas(64) TileShapes {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};

// Tiles 0 to 3 hold sums, 4 and 5 rows, 6 and 7 columns.
void shape_tiles(int rows, int block_bytes) {
  TileShapes shapes;
  for (int t = 0; t < 8; ++t) {
    const bool columns = t >= 6;
    shapes.rows[t] = static_cast<uint8_t>(columns ? block_bytes / 4 : rows);
    shapes.row_bytes[t] = static_cast<uint16_t>(t == 4 || t == 5 ? block_bytes : kTileBytes);
  }
  // gcc 12 knows of eight bytes of the operand only.
  asm volatile("" ::"r"(&shapes) : "memory");
  _tile_loadconfig(&shapes);
}

// Tile numbers are part of the instruction, so they cannot be variables.
#define QUERN_TILE_PRODUCT(sum, row, column) \
  do {                                       \
    if constexpr (kSigned) {                 \
      _tile_dpbssd(sum, row, column);        \
    } else {                                 \
      _tile_dpbusd(sum, row, column);        \
    }                                        \
  } while (false)

#define QUERN_LOAD_ROWS(number, index) _tile_loadd(number, part + (index)*row_tile, p.row_stride)
#define QUERN_LOAD_COLUMNS(number, index) _tile_loadd(number, panel + (index)*column_tile, kTileBytes)

/// Sums of kRows row tiles by kColumns column tiles, of which there are at most four: tile number row * kColumns +
/// column. `panel` is at the first of these columns; blocks of it are `pitch` bytes apart.
template <bool kSigned, int kRows, int kColumns>
QUERN_INLINE void multiply_tiles(const BlockProduct& p, const std::byte* rows, const std::byte* panel, int64_t pitch) {
  const int64_t row_tile = p.row_stride * kBlockTile;
  const int64_t column_tile = int64_t{p.block_bytes} * kBlockTile;
  constexpr int kSums = kRows * kColumns;
  _tile_zero(0);
  if constexpr (kSums > 1) _tile_zero(1);
  if constexpr (kSums > 2) _tile_zero(2);
  if constexpr (kSums > 3) _tile_zero(3);
  for (int64_t block = 0; block < p.blocks; ++block, panel += pitch) {
    const std::byte* part = rows + p.offsets[block];
    QUERN_LOAD_COLUMNS(6, 0);
    QUERN_LOAD_ROWS(4, 0);
    QUERN_TILE_PRODUCT(0, 4, 6);
    if constexpr (kColumns == 2) {
      QUERN_LOAD_COLUMNS(7, 1);
      QUERN_TILE_PRODUCT(1, 4, 7);
      if constexpr (kRows == 2) {
        QUERN_LOAD_ROWS(5, 1);
        QUERN_TILE_PRODUCT(2, 5, 6);
        QUERN_TILE_PRODUCT(3, 5, 7);
      }
    } else {
      if constexpr (kRows > 1) {
        QUERN_LOAD_ROWS(5, 1);
        QUERN_TILE_PRODUCT(1, 5, 6);
      }
      if constexpr (kRows > 2) {
        QUERN_LOAD_ROWS(4, 2);
        QUERN_TILE_PRODUCT(2, 4, 6);
        QUERN_LOAD_ROWS(5, 3);
        QUERN_TILE_PRODUCT(3, 5, 6);
      }
    }
  }
}

#undef QUERN_LOAD_ROWS
#undef QUERN_LOAD_COLUMNS

/// Writes them; `stride` is in sums.
template <int kRows, int kColumns>
QUERN_INLINE void write_tiles(int32_t* sums, int64_t stride) {
  const int64_t bytes = stride * 4;
  const auto at = [&](int tile) { return sums + tile / kColumns * kBlockTile * stride + tile % kColumns * kBlockTile; };
  constexpr int kSums = kRows * kColumns;
  _tile_stored(0, at(0), bytes);
  if constexpr (kSums > 1) _tile_stored(1, at(1), bytes);
  if constexpr (kSums > 2) _tile_stored(2, at(2), bytes);
  if constexpr (kSums > 3) _tile_stored(3, at(3), bytes);
}

/// Sums of some row tiles by all columns of the panel, two column tiles at a time.
template <bool kSigned, int kRows, int kColumns>
QUERN_INLINE void multiply_rows(const BlockProduct& p, int64_t first_row, int32_t* sums) {
  const std::byte* rows = p.rows + first_row * p.row_stride;
  const int64_t column_tile = int64_t{p.block_bytes} * kBlockTile;
  constexpr int kStride = kColumns * kBlockTile;
  if constexpr (kColumns > 1) {
    multiply_tiles<kSigned, kRows, 2>(p, rows, p.panel, kColumns * column_tile);
    write_tiles<kRows, 2>(sums, kStride);
  }
  if constexpr (kColumns > 3) {
    multiply_tiles<kSigned, kRows, 2>(p, rows, p.panel + 2 * column_tile, kColumns * column_tile);
    write_tiles<kRows, 2>(sums + 2 * kBlockTile, kStride);
  }
  if constexpr (kColumns % 2 == 1) {
    multiply_tiles<kSigned, kRows, 1>(p, rows, p.panel + (kColumns - 1) * column_tile, kColumns * column_tile);
    write_tiles<kRows, 1>(sums + (kColumns - 1) * kBlockTile, kStride);
  }
}

/// How sums become bytes: by the rule `float` to int8 or to uint8, to uint8 without zero point and bounds, or by the
/// rule's own function.
enum class Way { fast_signed, fast_unsigned, bare_unsigned, by_rule };

/// What storing by the rule `float` needs: 64 results at a time, of one row or, where rows of the output are narrow and
/// lie side by side, of several.
template <int kColumns>
struct FastStore {
  __m512i bias[kColumns];
  __m512 scale[kColumns];
  __m512i zero_point;
  __m512i low, high, order;
  __mmask64 wanted;
  bool dense;  ///< the output has no columns but these
};

template <int kColumns>
QUERN_INLINE FastStore<kColumns> fast_store(const BlockProduct& p) {
  FastStore<kColumns> store;
  for (int t = 0; t < kColumns; ++t) {
    store.bias[t] = _mm512_loadu_si512(p.rule->bias + p.channel + t * kBlockTile);
    store.scale[t] = _mm512_loadu_ps(p.rule->scale + p.channel + t * kBlockTile);
  }
  store.zero_point = _mm512_set1_epi16(static_cast<int16_t>(p.rule->zero_point));
  store.low = _mm512_set1_epi8(static_cast<char>(p.rule->low));
  store.high = _mm512_set1_epi8(static_cast<char>(p.rule->high));
  store.order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  store.wanted = p.columns >= 64 ? ~__mmask64{0} : (__mmask64{1} << p.columns) - 1;
  store.dense = p.columns == kColumns * kBlockTile && p.out_stride == p.columns;
  return store;
}

template <int kColumns>
QUERN_INLINE __m512i rounded(const int32_t* sums, const FastStore<kColumns>& store, int vector) {
  const int tile = vector % kColumns;
  const __m512i sum = _mm512_add_epi32(_mm512_load_si512(sums + vector * kBlockTile), store.bias[tile]);
  return _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_cvtepi32_ps(sum), store.scale[tile]));
}

/// Rounds, moves and bounds up to four vectors of sums. Narrowing saturates, so that nothing is lost before the bounds.
template <int kColumns, int kVectors, Way kWay>
QUERN_INLINE __m512i stored_bytes(const int32_t* sums, const FastStore<kColumns>& store) {
  const __m512i first = rounded<kColumns>(sums, store, 0);
  __m512i second = first, third = first, fourth = first;
  if constexpr (kVectors > 1) second = rounded<kColumns>(sums, store, 1);
  if constexpr (kVectors > 2) third = rounded<kColumns>(sums, store, 2);
  if constexpr (kVectors > 3) fourth = rounded<kColumns>(sums, store, 3);
  __m512i left = _mm512_packs_epi32(first, second);
  if constexpr (kWay != Way::bare_unsigned) left = _mm512_adds_epi16(left, store.zero_point);
  __m512i right = left;
  if constexpr (kVectors > 2) {
    right = _mm512_packs_epi32(third, fourth);
    if constexpr (kWay != Way::bare_unsigned) right = _mm512_adds_epi16(right, store.zero_point);
  }
  __m512i bytes;
  if constexpr (kWay == Way::fast_signed) {
    bytes = _mm512_packs_epi16(left, right);
    bytes = _mm512_min_epi8(_mm512_max_epi8(bytes, store.low), store.high);
  } else {
    bytes = _mm512_packus_epi16(left, right);
    if constexpr (kWay == Way::fast_unsigned) {
      bytes = _mm512_min_epu8(_mm512_max_epu8(bytes, store.low), store.high);
    }
  }
  return _mm512_permutexvar_epi32(store.order, bytes);
}

template <int kColumns, Way kWay>
QUERN_INLINE void store_row(const int32_t* sums, const FastStore<kColumns>& store, std::byte* out) {
  const __m512i bytes = stored_bytes<kColumns, kColumns, kWay>(sums, store);
  if constexpr (kColumns > 2) {
    _mm512_mask_storeu_epi8(out, store.wanted, bytes);
  } else if constexpr (kColumns == 2) {
    _mm256_mask_storeu_epi8(out, static_cast<__mmask32>(store.wanted), _mm512_castsi512_si256(bytes));
  } else {
    _mm_mask_storeu_epi8(out, static_cast<__mmask16>(store.wanted), _mm512_castsi512_si128(bytes));
  }
}

template <int kColumns, Way kWay>
QUERN_INLINE void store_fast(const BlockProduct& p, const FastStore<kColumns>& kept, int rows, const int32_t* sums,
                             std::byte* out) {
  const FastStore<kColumns> store = kept;  // in registers, over all rows
  int r = 0;
  if constexpr (kColumns < 3) {
    constexpr int kTogether = 4 / kColumns;
    for (; store.dense && r + kTogether <= rows; r += kTogether, out += 64) {
      const __m512i bytes = stored_bytes<kColumns, 4, kWay>(sums + r * kColumns * kBlockTile, store);
      _mm512_storeu_si512(out, bytes);
    }
  }
  for (; r < rows; ++r, out += p.out_stride) {
    store_row<kColumns, kWay>(sums + r * kColumns * kBlockTile, store, out);
  }
}

/// Takes what the columns' zero points add to each row out of the sums.
void correct(const BlockProduct& p, int64_t first_row, int rows, int column_tiles, int32_t* sums) {
  for (int r = 0; r < rows; ++r) {
    const __m512i row_sum = _mm512_set1_epi32(p.row_sums[first_row + r]);
    for (int t = 0; t < column_tiles; ++t, sums += kBlockTile) {
      const __m512i zero_points = _mm512_loadu_si512(p.column_zero_points + p.channel + t * kBlockTile);
      const __m512i sum = _mm512_load_si512(sums);
      _mm512_store_si512(sums, _mm512_sub_epi32(sum, _mm512_mullo_epi32(zero_points, row_sum)));
    }
  }
}

/// Stores the sums of some rows.
template <int kColumns, Way kWay>
QUERN_INLINE void store_rows(const BlockProduct& p, const FastStore<kColumns>& fast, int64_t first_row, int rows,
                             int32_t* sums) {
  if (p.row_sums != nullptr) correct(p, first_row, rows, kColumns, sums);
  std::byte* out = p.out + first_row * p.out_stride;
  if constexpr (kWay == Way::by_rule) {
    p.store({sums, kColumns * kBlockTile, rows, p.columns, p.channel, out, p.out_stride}, *p.rule);
  } else {
    store_fast<kColumns, kWay>(p, fast, rows, sums, out);
  }
}

/// Row tiles that are multiplied together, so that four sums are under way.
template <int kColumns>
constexpr int kRowTiles = kColumns == 1 ? 4 : 2;

/// What one pass over some rows leaves to be stored.
struct Waiting {
  int64_t first_row = 0;
  int rows = 0;
  int32_t* sums = nullptr;
};

/// The passes over a panel's rows. The sums of each are stored after the next pass: what a tile store writes cannot be
/// read before it has reached the cache.
template <bool kSigned, int kColumns, Way kWay>
class PanelPasses {
 public:
  explicit PanelPasses(const BlockProduct& p) : p_(p) {
    if constexpr (kWay != Way::by_rule) fast_ = fast_store<kColumns>(p);
  }

  QUERN_INLINE void run() {
    constexpr int64_t kTogether = kRowTiles<kColumns> * kBlockTile;
    int64_t row = 0;
    if (p_.row_count >= kBlockTile) shape_tiles(kBlockTile, p_.block_bytes);
    for (; row + kTogether <= p_.row_count; row += kTogether) pass<kRowTiles<kColumns>>(row, kTogether);
    for (; row + kBlockTile <= p_.row_count; row += kBlockTile) pass<1>(row, kBlockTile);
    if (const int rest = static_cast<int>(p_.row_count - row); rest > 0) {
      shape_tiles(rest, p_.block_bytes);
      pass<1>(row, rest);
    }
    store_waiting();
    _tile_release();
  }

 private:
  template <int kRows>
  QUERN_INLINE void pass(int64_t row, int rows) {
    int32_t* sums = sums_[turn_];
    turn_ ^= 1;
    multiply_rows<kSigned, kRows, kColumns>(p_, row, sums);
    store_waiting();
    waiting_ = {row, rows, sums};
  }

  QUERN_INLINE void store_waiting() {
    if (waiting_.rows > 0) store_rows<kColumns, kWay>(p_, fast_, waiting_.first_row, waiting_.rows, waiting_.sums);
  }

  alignas(64) int32_t sums_[2][2 * kTiles * kBlockTile * kBlockTile];
  const BlockProduct& p_;
  FastStore<kColumns> fast_;  ///< unset where the rule stores
  Waiting waiting_;
  int turn_ = 0;
};

template <bool kSigned, int kColumns, Way kWay>
void multiply_panel(const BlockProduct& p) {
  PanelPasses<kSigned, kColumns, kWay>(p).run();
}

template <bool kSigned, int kColumns>
void multiply_by_way(const BlockProduct& p) {
  if (p.rule->rounding != 0 || !p.rule->shrinks) return multiply_panel<kSigned, kColumns, Way::by_rule>(p);
  if (p.rule->low < 0) return multiply_panel<kSigned, kColumns, Way::fast_signed>(p);
  const bool bare = p.rule->zero_point == 0 && p.rule->low == 0 && p.rule->high == 255;
  if (bare) return multiply_panel<kSigned, kColumns, Way::bare_unsigned>(p);
  multiply_panel<kSigned, kColumns, Way::fast_unsigned>(p);
}

template <bool kSigned>
void multiply_by_width(const BlockProduct& p) {
  if (p.columns > 48) return multiply_by_way<kSigned, 4>(p);
  if (p.columns > 32) return multiply_by_way<kSigned, 3>(p);
  if (p.columns > 16) return multiply_by_way<kSigned, 2>(p);
  multiply_by_way<kSigned, 1>(p);
}

void multiply(const BlockProduct& p) {
  if (p.is_signed) return multiply_by_width<true>(p);
  multiply_by_width<false>(p);
}

/// Copies up to N bytes with a vector of N; stores that are no wider than they must be seldom cross a cache line.
template <int N>
QUERN_INLINE void copy_rest(const std::byte* from, __mmask64 mask, std::byte* to) {
  if constexpr (N == 16) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_maskz_loadu_epi8(static_cast<__mmask16>(mask), from));
  } else if constexpr (N == 32) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_maskz_loadu_epi8(static_cast<__mmask32>(mask), from));
  } else {
    _mm512_storeu_si512(to, _mm512_maskz_loadu_epi8(mask, from));
  }
}

/// A segment is some whole vectors of 64 bytes and a rest of at most kRest.
template <int kRest>
void gather_segments(const GatherRows& g) {
  const int64_t segments = g.segment_count;
  const int64_t bytes = g.segment_bytes;
  const int64_t whole = bytes / kTileBytes * kTileBytes;
  const __mmask64 mask = (__mmask64{1} << (bytes - whole)) - 1;
  for (int64_t r = 0; r < g.count; ++r) {
    std::byte* to = g.to + r * g.row_stride;
    const std::byte* window = g.windows[r];
    for (int64_t s = 0; s < segments; ++s, to += bytes) {
      const std::byte* from = window + g.segments[s];
      for (int64_t i = 0; i < whole; i += kTileBytes) _mm512_storeu_si512(to + i, _mm512_loadu_si512(from + i));
      if constexpr (kRest > 0) copy_rest<kRest>(from + whole, mask, to + whole);
    }
  }
}

void gather(const GatherRows& g) {
  const int64_t rest = g.segment_bytes % kTileBytes;
  if (rest == 0) return gather_segments<0>(g);
  if (rest <= 16) return gather_segments<16>(g);
  if (rest <= 32) return gather_segments<32>(g);
  gather_segments<64>(g);
}

void sum_rows(const BlockProduct& p, int64_t depth, int32_t* sums) {
  const __m512i ones = _mm512_set1_epi8(1);
  for (int64_t r = 0; r < p.row_count; ++r) {
    const std::byte* row = p.rows + r * p.row_stride;
    __m512i sum = _mm512_setzero_si512();
    for (int64_t k = 0; k < depth; k += kTileBytes) {
      const int64_t left = depth - k;
      const __mmask64 mask = left >= kTileBytes ? ~__mmask64{0} : (__mmask64{1} << left) - 1;
      const __m512i bytes = _mm512_maskz_loadu_epi8(mask, row + k);
      sum = p.is_signed ? _mm512_dpbusd_epi32(sum, ones, bytes) : _mm512_dpbusd_epi32(sum, bytes, ones);
    }
    sums[r] = _mm512_reduce_add_epi32(sum);
  }
}

constexpr BlockKernel kKernel = {multiply, gather, sum_rows};

}  // namespace

const BlockKernel& amx_int8_blocks() {
  return kKernel;
}

}  // namespace QUERN_X86_NAMESPACE
