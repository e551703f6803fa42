// The container of a package: named sections with a checksum each. docs/package_format.md draws it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "quern/status.h"

namespace quern {

inline constexpr uint32_t kPackageMajor = 1;
inline constexpr uint32_t kPackageMinor = 0;

/// One section as it is written.
struct Section {
  std::string name;  ///< 1 to 15 bytes
  std::vector<std::byte> bytes;
};

/// The whole file.
std::vector<std::byte> write_sections(const std::vector<Section>& sections);

/// Whether bytes begin as a package does.
bool is_package(std::span<const std::byte> bytes);

/// The sections of a file whose header, table and gaps were checked. A section's own bytes are checked by `get`.
class Sections {
 public:
  struct Entry {
    std::string name;
    size_t offset = 0;
    size_t bytes = 0;
    std::span<const std::byte> sum;  ///< SHA-256
  };

  /// `file` names it in sentences. The bytes must outlive the object.
  static Result<Sections> open(std::span<const std::byte> bytes, const std::string& file);

  const std::vector<Entry>& entries() const { return entries_; }
  bool has(const std::string& name) const;
  /// The section's bytes after checking their sum. Errors: invalid_file (not there, or damaged).
  Result<std::span<const std::byte>> get(const std::string& name) const;
  /// "section 'plan' of 'm.quern'"
  std::string where(const std::string& name) const;

 private:
  Status read_table(size_t count);
  Status check_gaps() const;
  Status zero(size_t from, size_t to) const;
  Error damaged(const std::string& what) const;

  std::span<const std::byte> bytes_;
  std::string file_;
  std::vector<Entry> entries_;
};

}  // namespace quern
