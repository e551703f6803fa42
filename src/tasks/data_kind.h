// What a file of data is, told by its first bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "quern/data.h"

namespace quern {

enum class DataKind : uint8_t { picture, npy, npz, raw, archive, text, other };

/// As many first bytes as tell_kind wants: a tar's magic word stands in its first block of 512.
constexpr size_t kHeadBytes = 512;

/// The kind of a file that starts with `head`. The name decides only where the content cannot: .raw and .bin.
DataKind tell_kind(std::span<const std::byte> head, std::string_view name);
/// Whether a file of this kind can be a part of a sample.
bool is_part(DataKind kind);
/// The name says picture or array; so a file whose content is none is damaged rather than beside the point.
bool named_as_part(std::string_view name);

/// The first bytes of a file. Errors: as read_file.
Result<std::vector<std::byte>> read_head(const std::string& path);

/// The parts that a file's bytes hold: one, or several by name for an .npz.
Status decode_parts(std::span<const std::byte> bytes, DataKind kind, const std::string& input, const std::string& from,
                    Sample& sample);

}  // namespace quern
