// What AMX multiplies at most: four products of whole tiles under way.
#include "kernels/peak/peak.h"
#include "kernels/x86_intrinsics.h"

namespace QUERN_X86_NAMESPACE {
namespace {

/// The operand of ldtilecfg: eight tiles of sixteen rows of 64 bytes.
struct alignas(64) WholeTiles {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

}  // namespace

void amx_peak_bytes(int64_t rounds) {
  const WholeTiles shapes;
  // gcc 12 knows of eight bytes of the operand only.
  asm volatile("" ::"r"(&shapes) : "memory");
  _tile_loadconfig(&shapes);
  for (int64_t r = 0; r < rounds; ++r) {
    _tile_dpbusd(0, 4, 6);
    _tile_dpbusd(1, 4, 7);
    _tile_dpbusd(2, 5, 6);
    _tile_dpbusd(3, 5, 7);
  }
  _tile_release();
}

}  // namespace QUERN_X86_NAMESPACE
