// AMX's tiles of int8 in portable code: eight tiles a thread, shaped by a configuration as the instructions shape them.
#pragma once

#include <cstdint>
#include <cstring>

namespace quern::emulated {

struct Tile {
  int rows = 0;
  int row_bytes = 0;
  uint8_t data[16][64] = {};
};

inline Tile& tile(int number) {
  static thread_local Tile tiles[8];
  return tiles[number];
}

inline void shape_tiles(const void* configuration) {
  const auto* bytes = static_cast<const uint8_t*>(configuration);
  for (int t = 0; t < 8; ++t) {
    uint16_t row_bytes = 0;
    std::memcpy(&row_bytes, bytes + 16 + 2 * t, sizeof row_bytes);
    tile(t) = {};
    tile(t).row_bytes = row_bytes;
    tile(t).rows = bytes[48 + t];
  }
}

inline void release_tiles() {
  for (int t = 0; t < 8; ++t) tile(t) = {};
}

inline void zero_tile(int number) {
  std::memset(tile(number).data, 0, sizeof tile(number).data);
}

inline void load_tile(int number, const void* from, int64_t stride) {
  zero_tile(number);
  for (int r = 0; r < tile(number).rows; ++r) {
    std::memcpy(tile(number).data[r], static_cast<const char*>(from) + r * stride,
                static_cast<size_t>(tile(number).row_bytes));
  }
}

inline void store_tile(int number, void* to, int64_t stride) {
  for (int r = 0; r < tile(number).rows; ++r) {
    std::memcpy(static_cast<char*>(to) + r * stride, tile(number).data[r], static_cast<size_t>(tile(number).row_bytes));
  }
}

/// sum[m][n] += rows[m][4k + i] * columns[k][4n + i], the rows of type T, the columns signed; sums wrap.
template <typename T>
void multiply_tiles(int sum, int rows, int columns) {
  Tile& c = tile(sum);
  const Tile& a = tile(rows);
  const Tile& b = tile(columns);
  for (int m = 0; m < c.rows; ++m) {
    for (int n = 0; n < c.row_bytes / 4; ++n) {
      uint32_t total = 0;
      std::memcpy(&total, &c.data[m][4 * n], sizeof total);
      for (int k = 0; k < a.row_bytes; ++k) {
        const int x = static_cast<T>(a.data[m][k]);
        const int w = static_cast<int8_t>(b.data[k / 4][4 * n + k % 4]);
        total += static_cast<uint32_t>(x * w);
      }
      std::memcpy(&c.data[m][4 * n], &total, sizeof total);
    }
  }
}

}  // namespace quern::emulated

#define _tile_loadconfig(configuration) quern::emulated::shape_tiles(configuration)
#define _tile_release() quern::emulated::release_tiles()
#define _tile_zero(number) quern::emulated::zero_tile(number)
#define _tile_loadd(number, from, stride) quern::emulated::load_tile(number, from, stride)
#define _tile_stored(number, to, stride) quern::emulated::store_tile(number, to, stride)
#define _tile_dpbssd(sum, rows, columns) quern::emulated::multiply_tiles<int8_t>(sum, rows, columns)
#define _tile_dpbusd(sum, rows, columns) quern::emulated::multiply_tiles<uint8_t>(sum, rows, columns)
