#include "tasks/picture_header.h"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "base/error.h"
#include "tasks/picture_bytes.h"

namespace quern {

namespace {

constexpr uint8_t kPngSignature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

/// Start of frame: the markers that carry the extents.
bool is_frame(uint8_t marker) {
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

Result<PictureHeader> jpeg_header(FileBytes file, const std::string& name) {
  size_t at = 2;
  while (at + 9 < file.size()) {
    if (file[at] != 0xff)
      return fail(ErrorCode::invalid_file, "picture '{}' is damaged: no JPEG marker at byte {}", name, at);
    const uint8_t marker = file[at + 1];
    if (is_frame(marker)) return PictureHeader{PictureFormat::jpeg, big16(file, at + 7), big16(file, at + 5), 0};
    at += marker == 0xff ? 1 : 2 + big16(file, at + 2);
  }
  return cut_short(name);
}

Result<PictureHeader> png_header(FileBytes file, const std::string& name) {
  if (file.size() < 33) return cut_short(name);
  if (big32(file, 8) != 13 || std::memcmp(&file[12], "IHDR", 4) != 0) {
    return fail(ErrorCode::invalid_file, "picture '{}' is damaged: a PNG must begin with its header chunk", name);
  }
  return PictureHeader{PictureFormat::png, big32(file, 16), big32(file, 20), 0};
}

Result<PictureHeader> bmp_header(FileBytes file, const std::string& name) {
  if (file.size() < 54) return cut_short(name);
  if (little32(file, 14) < 40) {
    return fail(ErrorCode::unsupported, "picture '{}' is a BMP of OS/2; save it as a BMP of Windows or as PNG", name);
  }
  const auto height = static_cast<int64_t>(static_cast<int32_t>(little32(file, 22)));  // negative: top row first
  return PictureHeader{PictureFormat::bmp, static_cast<int32_t>(little32(file, 18)), height < 0 ? -height : height, 0};
}

/// The next number of a PNM header, past blanks and comments; -1 when there is none.
int64_t pnm_number(FileBytes file, size_t& at) {
  while (at < file.size() && (std::isspace(file[at]) != 0 || file[at] == '#')) {
    const bool comment = file[at] == '#';
    while (comment && at < file.size() && file[at] != '\n') ++at;
    if (!comment) ++at;
  }
  int64_t value = -1;
  for (; at < file.size() && std::isdigit(file[at]) != 0; ++at) {
    value = std::min<int64_t>(std::max<int64_t>(value, 0) * 10 + (file[at] - '0'), int64_t{1} << 40);
  }
  return value;
}

/// Width, height, and for P5 and P6 the largest value, which must be the usual one.
Result<PictureHeader> pnm_header(FileBytes file, const std::string& name) {
  if (file[1] != '5' && file[1] != '6') {
    return fail(ErrorCode::unsupported, "picture '{}' is a PNM of kind P{:c}; save it as binary PGM (P5) or PPM (P6)",
                name, file[1]);
  }
  size_t at = 2;
  const int64_t width = pnm_number(file, at);
  const int64_t height = pnm_number(file, at);
  const int64_t most = pnm_number(file, at);
  if (width < 0 || height < 0 || most < 0) return cut_short(name);
  if (most != 255) {
    return fail(ErrorCode::unsupported, "picture '{}' counts its values up to {}; save it with 8 bits (up to 255)",
                name, most);
  }
  return PictureHeader{PictureFormat::pnm, width, height, at + 1};
}

}  // namespace

Status cut_short(const std::string& name) {
  return fail(ErrorCode::invalid_file, "picture '{}' is cut short: the file ends before its picture does", name);
}

Result<PictureHeader> read_picture_header(FileBytes file, const std::string& name) {
  if (file.size() < 8) {
    return fail(ErrorCode::invalid_file, "'{}' has {} bytes, too few for a picture", name, file.size());
  }
  if (file[0] == 0xff && file[1] == 0xd8) return jpeg_header(file, name);
  if (std::memcmp(file.data(), kPngSignature, sizeof(kPngSignature)) == 0) return png_header(file, name);
  if (file[0] == 'B' && file[1] == 'M') return bmp_header(file, name);
  if (file[0] == 'P' && file[1] >= '1' && file[1] <= '7') return pnm_header(file, name);
  return fail(ErrorCode::unsupported, "'{}' is not a JPEG, PNG, BMP, PPM or PGM picture; convert it to one of them",
              name);
}

}  // namespace quern
