#include "tasks/picture_header.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>

#include "base/error.h"

namespace quern {

namespace {

using Bytes = std::span<const uint8_t>;

constexpr int kMaxScans = 500;
constexpr uint8_t kPngSignature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
/// Chunks that change pixels (IHDR, PLTE, tRNS, IDAT, IEND) or how they are turned (eXIf).
constexpr const char* kPngChunks[] = {"IHDR", "PLTE", "tRNS", "eXIf", "IDAT", "IEND"};

Error cut_short(const std::string& name) {
  return fail(ErrorCode::invalid_file, "picture '{}' is cut short: the file ends before its picture does", name);
}

uint32_t big16(Bytes b, size_t at) {
  return static_cast<uint32_t>(b[at]) << 8 | b[at + 1];
}
uint32_t big32(Bytes b, size_t at) {
  return big16(b, at) << 16 | big16(b, at + 2);
}
uint32_t little16(Bytes b, size_t at) {
  return static_cast<uint32_t>(b[at + 1]) << 8 | b[at];
}
uint32_t little32(Bytes b, size_t at) {
  return little16(b, at + 2) << 16 | little16(b, at);
}

bool is_frame_header(uint8_t marker) {
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}
bool stands_alone(uint8_t marker) {
  return marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8);
}

/// The next marker at or after `at` (entropy-coded bytes, stuffing and fill bytes are passed over), or 0 at the end.
/// On return `at` is behind the marker.
uint8_t next_marker(Bytes file, size_t& at) {
  while (at + 1 < file.size()) {
    if (file[at] == 0xff && file[at + 1] != 0x00 && file[at + 1] != 0xff) {
      at += 2;
      return file[at - 1];
    }
    ++at;
  }
  return 0;
}

Result<PictureHeader> jpeg_header(Bytes file, const std::string& name) {
  size_t at = 2;
  while (const uint8_t marker = next_marker(file, at)) {
    if (stands_alone(marker)) continue;
    if (at + 7 > file.size()) return cut_short(name);
    if (is_frame_header(marker)) return PictureHeader{PictureFormat::jpeg, big16(file, at + 5), big16(file, at + 3)};
    at += big16(file, at);
  }
  return cut_short(name);
}

Result<PictureHeader> png_header(Bytes file, const std::string& name) {
  if (file.size() < 33 || std::memcmp(&file[12], "IHDR", 4) != 0) return cut_short(name);
  return PictureHeader{PictureFormat::png, big32(file, 16), big32(file, 20)};
}

Result<PictureHeader> bmp_header(Bytes file, const std::string& name) {
  if (file.size() < 30) return cut_short(name);
  if (little32(file, 14) == 12) return PictureHeader{PictureFormat::bmp, little16(file, 18), little16(file, 20)};
  const auto height = static_cast<int64_t>(static_cast<int32_t>(little32(file, 22)));
  return PictureHeader{PictureFormat::bmp, static_cast<int32_t>(little32(file, 18)), height < 0 ? -height : height};
}

/// The next number of a PNM header, past blanks and comments; -1 when there is none.
int64_t pnm_number(Bytes file, size_t& at) {
  while (at < file.size() && (std::isspace(file[at]) != 0 || file[at] == '#')) {
    if (file[at] == '#') {
      while (at < file.size() && file[at] != '\n') ++at;
    } else {
      ++at;
    }
  }
  int64_t value = -1;
  for (; at < file.size() && std::isdigit(file[at]) != 0; ++at) {
    value = std::min<int64_t>((value < 0 ? 0 : value) * 10 + (file[at] - '0'), int64_t{1} << 40);
  }
  return value;
}

Result<PictureHeader> pnm_header(Bytes file, const std::string& name) {
  size_t at = 2;
  const int64_t width = pnm_number(file, at);
  const int64_t height = pnm_number(file, at);
  if (width < 0 || height < 0) return cut_short(name);
  return PictureHeader{PictureFormat::pnm, width, height};
}

uint32_t crc32(Bytes bytes) {
  static const std::array<uint32_t, 256> table = [] {
    std::array<uint32_t, 256> made{};
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = (value & 1U) != 0 ? 0xedb88320U ^ (value >> 1) : value >> 1;
      made[i] = value;
    }
    return made;
  }();
  uint32_t crc = 0xffffffffU;
  for (uint8_t byte : bytes) crc = table[(crc ^ byte) & 0xffU] ^ (crc >> 8);
  return ~crc;
}

}  // namespace

Result<PictureHeader> read_picture_header(Bytes file, const std::string& name) {
  if (file.size() < 8) {
    return fail(ErrorCode::invalid_file, "'{}' has {} bytes, too few for a picture", name, file.size());
  }
  if (file[0] == 0xff && file[1] == 0xd8) return jpeg_header(file, name);
  if (std::memcmp(file.data(), kPngSignature, sizeof(kPngSignature)) == 0) return png_header(file, name);
  if (file[0] == 'B' && file[1] == 'M') return bmp_header(file, name);
  if (file[0] == 'P' && file[1] >= '1' && file[1] <= '6') return pnm_header(file, name);
  return fail(ErrorCode::unsupported, "'{}' is not a JPEG, PNG, BMP, PPM or PGM picture; convert it to one of them",
              name);
}

Status check_jpeg(Bytes file, const std::string& name) {
  size_t at = 2;
  int scans = 0;
  while (const uint8_t marker = next_marker(file, at)) {
    if (marker == 0xd9) {
      if (scans > 0) return {};
      return fail(ErrorCode::invalid_file, "picture '{}' has no scan: it ends before any pixel", name);
    }
    if (stands_alone(marker)) continue;
    if (at + 2 > file.size()) break;
    if (marker == 0xda && ++scans > kMaxScans) {
      return fail(ErrorCode::invalid_file, "picture '{}' has more than {} scans; save it again as a baseline JPEG",
                  name, kMaxScans);
    }
    at += big16(file, at);
  }
  return cut_short(name);
}

Result<std::vector<uint8_t>> essential_png(Bytes file, const std::string& name) {
  std::vector<uint8_t> kept(file.begin(), file.begin() + sizeof(kPngSignature));
  size_t at = sizeof(kPngSignature);
  while (at + 12 <= file.size()) {
    const uint64_t length = big32(file, at);
    if (length > file.size() - at - 12) return cut_short(name);
    const Bytes chunk = file.subspan(at, static_cast<size_t>(length) + 12);
    const std::string kind(reinterpret_cast<const char*>(&chunk[4]), 4);
    if (std::find(std::begin(kPngChunks), std::end(kPngChunks), kind) != std::end(kPngChunks)) {
      if (crc32(chunk.subspan(4, chunk.size() - 8)) != big32(chunk, chunk.size() - 4)) {
        return fail(ErrorCode::invalid_file, "picture '{}' is damaged: the checksum of its {} chunk is wrong", name,
                    kind);
      }
      kept.insert(kept.end(), chunk.begin(), chunk.end());
      if (kind == "IEND") return kept;
    }
    at += chunk.size();
  }
  return cut_short(name);
}

}  // namespace quern
