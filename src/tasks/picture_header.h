// What a picture file says about itself, and whether it is whole, before any decoder sees it.
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
  size_t end = 0;  ///< PNM: where the extents end
};

/// Format and extents of a JPEG, PNG, BMP or PNM file. Errors: unsupported for another format, invalid_file for a file
/// cut short or without extents.
Result<PictureHeader> read_picture_header(std::span<const uint8_t> file, const std::string& name);

/// The file as a decoder may see it: whole, and without what decoders complain about on the standard streams.
/// JPEG: every marker up to the end, and no absurd number of scans (each decodes the whole picture again).
/// PNG: checksums, and only the chunks that make pixels and orientation.
/// BMP, PNM: as many bytes as the extents need. Errors: invalid_file; unsupported for run-length BMP and ASCII PNM.
Result<std::vector<uint8_t>> checked_picture(std::span<const uint8_t> file, const PictureHeader& header,
                                             const std::string& name);

/// The error of a file that ends too early.
Status cut_short(const std::string& name);

}  // namespace quern
