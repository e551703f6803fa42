// The entries of a tar, plain or compressed, one after another. Nothing is written to disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "quern/status.h"

struct archive;

namespace quern {

/// A regular file inside the tar.
struct TarEntry {
  std::string name;     ///< without a leading "./"
  int64_t ordinal = 0;  ///< which entry of the tar, everything counted
  int64_t bytes = 0;    ///< as the header says
};

class TarStream {
 public:
  /// Errors: not_found, io, invalid_file (no tar in it).
  static Result<TarStream> open(const std::string& path);

  /// Goes on to the next regular file; false at the end. Errors: invalid_file (damaged, cut short).
  Result<bool> next(TarEntry& entry);
  /// At most `limit` bytes of the current entry, from its start. To be called once an entry.
  Result<std::vector<std::byte>> read(int64_t limit);
  /// The ordinal of the current entry, -1 before the first.
  int64_t at() const { return at_; }

 private:
  using Handle = std::unique_ptr<archive, int (*)(archive*)>;
  TarStream(std::string path, Handle handle) : path_(std::move(path)), handle_(std::move(handle)) {}
  Error damaged() const;

  std::string path_;
  Handle handle_;
  int64_t at_ = -1;
};

}  // namespace quern
