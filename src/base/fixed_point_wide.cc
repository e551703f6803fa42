#include "base/fixed_point_wide.h"

#include <algorithm>
#include <limits>

namespace quern {

namespace {
constexpr int64_t kMax = std::numeric_limits<int32_t>::max();
constexpr int64_t kMin = std::numeric_limits<int32_t>::min();
}  // namespace

int32_t multiply_wide(int64_t value, FixedMultiplier m) {
  // The greatest multipliers would round up to 2^15.
  const int64_t multiplier = m.multiplier < 0x7FFF0000 ? (int64_t{m.multiplier} + (1 << 15)) >> 16 : 0x7FFF;
  const int total = 15 - m.shift;  // -15…46
  const int64_t product = value * multiplier;
  if (total > 0) return static_cast<int32_t>(std::clamp((product + (int64_t{1} << (total - 1))) >> total, kMin, kMax));
  return static_cast<int32_t>(std::clamp(product, kMin >> -total, kMax >> -total) * (int64_t{1} << -total));
}

}  // namespace quern
