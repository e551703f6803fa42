// Is the file whole? Decoders find out late, tell nobody, or print; so it is asked before.
#include <algorithm>
#include <array>
#include <cstring>

#include "base/error.h"
#include "tasks/picture_bytes.h"
#include "tasks/picture_header.h"

namespace quern {

namespace {

constexpr int kMaxScans = 500;
constexpr size_t kPngSignatureBytes = 8;
/// Chunks that change pixels, or how they are turned (eXIf). Text, colour profiles and the like are left out.
constexpr const char* kPngChunks[] = {"IHDR", "PLTE", "tRNS", "eXIf", "IDAT", "IEND"};

// ---- JPEG ----

/// Markers without a length: temporary, restarts, start.
bool stands_alone(uint8_t marker) {
  return marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8);
}

/// The next marker at or after `at` (entropy-coded bytes, stuffing and fill bytes are passed over), or 0 at the end.
/// On return `at` is behind the marker.
uint8_t next_marker(FileBytes file, size_t& at) {
  while (at + 1 < file.size()) {
    if (file[at] == 0xff && file[at + 1] != 0x00 && file[at + 1] != 0xff) {
      at += 2;
      return file[at - 1];
    }
    ++at;
  }
  return 0;
}

Status check_jpeg(FileBytes file, const std::string& name) {
  size_t at = 2;
  int scans = 0;
  while (const uint8_t marker = next_marker(file, at)) {
    if (marker == 0xd9 && scans > 0) return {};
    if (marker == 0xd9)
      return fail(ErrorCode::invalid_file, "picture '{}' has no scan: it ends before any pixel", name);
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

// ---- PNG ----

uint32_t crc32(FileBytes bytes) {
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

Result<std::vector<uint8_t>> essential_png(FileBytes file, const std::string& name) {
  std::vector<uint8_t> kept(file.begin(), file.begin() + kPngSignatureBytes);
  bool has_pixels = false;
  for (size_t at = kPngSignatureBytes; at + 12 <= file.size();) {
    const uint64_t length = big32(file, at);
    if (length > file.size() - at - 12) return cut_short(name);
    const FileBytes chunk = file.subspan(at, static_cast<size_t>(length) + 12);
    at += chunk.size();
    const std::string kind(reinterpret_cast<const char*>(&chunk[4]), 4);
    if (std::find(std::begin(kPngChunks), std::end(kPngChunks), kind) == std::end(kPngChunks)) continue;
    if (crc32(chunk.subspan(4, chunk.size() - 8)) != big32(chunk, chunk.size() - 4)) {
      return fail(ErrorCode::invalid_file, "picture '{}' is damaged: the checksum of its {} chunk is wrong", name,
                  kind);
    }
    kept.insert(kept.end(), chunk.begin(), chunk.end());
    has_pixels = has_pixels || kind == "IDAT";
    if (kind == "IEND" && has_pixels) return kept;
    if (kind == "IEND") break;
  }
  return cut_short(name);
}

// ---- BMP and PNM ----

Status check_length(FileBytes file, int64_t needed, const std::string& name) {
  return needed <= static_cast<int64_t>(file.size()) ? Status{} : cut_short(name);
}

Status check_bmp(FileBytes file, const PictureHeader& header, const std::string& name) {
  const int64_t bits = little16(file, 28);
  const uint32_t compression = little32(file, 30);
  if (compression != 0 && compression != 3) {
    return fail(ErrorCode::unsupported, "picture '{}' is a compressed BMP (kind {}); save it uncompressed or as PNG",
                name, compression);
  }
  const int64_t palette = bits <= 8 ? int64_t{4} << bits : 0;
  const int64_t pixels = little32(file, 10);
  const int64_t row = (header.width * bits + 31) / 32 * 4;
  if (bits > 32 || pixels < 54)
    return fail(ErrorCode::invalid_file, "picture '{}' is damaged: {} bits a pixel at byte {}", name, bits, pixels);
  QUERN_CHECK(check_length(file, int64_t{14} + little32(file, 14) + (little32(file, 46) == 0 ? palette : 0), name));
  return check_length(file, pixels + row * header.height, name);
}

Status check_pnm(FileBytes file, const PictureHeader& header, const std::string& name) {
  const int64_t channels = file[1] == '6' ? 3 : 1;
  return check_length(file, static_cast<int64_t>(header.end) + header.width * header.height * channels, name);
}

}  // namespace

Result<std::vector<uint8_t>> checked_picture(FileBytes file, const PictureHeader& header, const std::string& name) {
  if (header.format == PictureFormat::png) return essential_png(file, name);
  if (header.format == PictureFormat::jpeg) QUERN_CHECK(check_jpeg(file, name));
  if (header.format == PictureFormat::bmp) QUERN_CHECK(check_bmp(file, header, name));
  if (header.format == PictureFormat::pnm) QUERN_CHECK(check_pnm(file, header, name));
  return std::vector<uint8_t>(file.begin(), file.end());
}

}  // namespace quern
