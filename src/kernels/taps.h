// Which kernel taps meet which input positions at one output position, along one axis, for windows of every kind.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>

namespace quern {

/// An arithmetic progression of pairs (tap, input position), all inside the input.
struct Taps {
  int64_t count = 0;
  int64_t tap = 0;
  int64_t tap_step = 1;
  int64_t in = 0;
  int64_t in_step = 1;
};

/// One axis of a window: `pad` is the padding before the first element.
struct WindowAxis {
  int64_t in = 1, kernel = 1, stride = 1, dilation = 1, pad = 0;
};

/// Convolutions and pools: tap k reads input out * stride - pad + k * dilation.
inline Taps window_taps(const WindowAxis& axis, int64_t out) {
  const int64_t base = out * axis.stride - axis.pad;
  const int64_t first = base < 0 ? (-base + axis.dilation - 1) / axis.dilation : 0;
  const int64_t room = axis.in - 1 - base;
  const int64_t last = room < 0 ? -1 : std::min(axis.kernel - 1, room / axis.dilation);
  return {std::max<int64_t>(last - first + 1, 0), first, 1, base + first * axis.dilation, axis.dilation};
}

/// Transposed convolutions: tap k of input i writes output i * stride - pad + k * dilation.
inline Taps transposed_taps(const WindowAxis& axis, int64_t out) {
  Taps taps;
  const int64_t common = std::gcd(axis.stride, axis.dilation);
  taps.tap_step = axis.stride / common;
  taps.in_step = -axis.dilation / common;
  for (int64_t k = 0; k < axis.kernel; ++k) {
    const int64_t scaled = out + axis.pad - k * axis.dilation;
    if (scaled % axis.stride != 0 || scaled < 0 || scaled / axis.stride >= axis.in) continue;
    if (taps.count++ == 0) {
      taps.tap = k;
      taps.in = scaled / axis.stride;
    }
  }
  return taps;
}

}  // namespace quern
