// SHA-256 as bytes; quern/file.h has it as text.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace quern {

/// 32 bytes.
std::vector<std::byte> sha256_bytes(std::span<const std::byte> bytes);

}  // namespace quern
