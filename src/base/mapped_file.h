// A file in memory without reading it: pages come when they are touched.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "quern/status.h"

namespace quern {

/// The bytes of a regular file, read-only, private. They stay mapped as long as a copy of the object, or of `keep`,
/// lives. The file must not be shortened meanwhile (replace files by renaming, as Quern itself does).
class MappedFile {
 public:
  /// Errors: as read_file. An empty file has no bytes.
  static Result<MappedFile> open(const std::string& path);

  std::span<const std::byte> bytes() const { return {data_.get(), size_}; }
  const std::shared_ptr<const std::byte>& keep() const { return data_; }

 private:
  std::shared_ptr<const std::byte> data_;
  size_t size_ = 0;
};

}  // namespace quern
