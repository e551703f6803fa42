// What a picture file says about itself, read before any decoder sees it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "quern/status.h"

namespace quern {

enum class PictureFormat : uint8_t { jpeg, png, bmp, pnm };

struct PictureHeader {
  PictureFormat format = PictureFormat::jpeg;
  int64_t width = 0;
  int64_t height = 0;
};

/// Format and extents of a JPEG, PNG, BMP or PNM file. Errors: unsupported for another format, invalid_file for a file
/// cut short or without extents.
Result<PictureHeader> read_picture_header(std::span<const uint8_t> file, const std::string& name);

/// Walks a JPEG's markers to its end. Errors: invalid_file when the file is cut short or has an absurd number of scans
/// (each scan decodes the whole picture again).
Status check_jpeg(std::span<const uint8_t> file, const std::string& name);

/// The PNG with only the chunks that make its pixels and its orientation, each checksum verified: text, colour profiles
/// and the like are of no use here, and decoders complain about them.
Result<std::vector<uint8_t>> essential_png(std::span<const uint8_t> file, const std::string& name);

}  // namespace quern
