// Integers in the bytes of a picture file. The caller has checked that they are there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace quern {

using FileBytes = std::span<const uint8_t>;

inline uint32_t big16(FileBytes b, size_t at) {
  return static_cast<uint32_t>(b[at]) << 8 | b[at + 1];
}
inline uint32_t big32(FileBytes b, size_t at) {
  return big16(b, at) << 16 | big16(b, at + 2);
}
inline uint32_t little16(FileBytes b, size_t at) {
  return static_cast<uint32_t>(b[at + 1]) << 8 | b[at];
}
inline uint32_t little32(FileBytes b, size_t at) {
  return little16(b, at + 2) << 16 | little16(b, at);
}

}  // namespace quern
