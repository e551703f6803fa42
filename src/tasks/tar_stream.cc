#include "tasks/tar_stream.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"

namespace quern {

namespace {

constexpr size_t kBlockBytes = 65536;

/// UTF-8 where the tar says so, else the bytes as they stand: names need not suit the locale.
std::string name_of(archive_entry* entry) {
  const char* name = archive_entry_pathname_utf8(entry);
  if (name == nullptr) name = archive_entry_pathname(entry);
  std::string text = name == nullptr ? "" : name;
  while (text.starts_with("./")) text.erase(0, 2);
  return text;
}

}  // namespace

Error TarStream::damaged() const {
  const char* why = archive_error_string(handle_.get());
  Error error = at_ < 0 ? fail(ErrorCode::invalid_file, "'{}' is no tar archive: {}", path_, why ? why : "unknown form")
                        : fail(ErrorCode::invalid_file, "the tar archive '{}' is damaged behind entry {}: {}", path_,
                               at_ + 1, why ? why : "unreadable");
  error.file = path_;
  return error;
}

Result<TarStream> TarStream::open(const std::string& path) {
  Handle handle(archive_read_new(), archive_read_free);
  archive* tar = handle.get();
  archive_read_support_filter_gzip(tar);
  archive_read_support_filter_xz(tar);
  archive_read_support_filter_zstd(tar);
  archive_read_support_filter_bzip2(tar);
  archive_read_support_format_tar(tar);
  const int code = archive_read_open_filename(tar, path.c_str(), kBlockBytes);
  TarStream stream(path, std::move(handle));
  if (code != ARCHIVE_OK) return stream.damaged();
  return stream;
}

Result<bool> TarStream::next(TarEntry& entry) {
  while (true) {
    archive_entry* header = nullptr;
    const int code = archive_read_next_header(handle_.get(), &header);
    if (code == ARCHIVE_EOF) return false;
    if (code != ARCHIVE_OK && code != ARCHIVE_WARN) return damaged();
    ++at_;
    if (archive_entry_filetype(header) != AE_IFREG || archive_entry_hardlink(header) != nullptr) continue;
    entry = {name_of(header), at_, archive_entry_size(header)};
    return true;
  }
}

Result<std::vector<std::byte>> TarStream::read(int64_t limit) {
  std::vector<std::byte> bytes;
  while (static_cast<int64_t>(bytes.size()) < limit) {
    const size_t have = bytes.size();
    bytes.resize(have + std::min(kBlockBytes, static_cast<size_t>(limit) - have));
    const la_ssize_t got = archive_read_data(handle_.get(), bytes.data() + have, bytes.size() - have);
    if (got < 0) return damaged();
    bytes.resize(have + static_cast<size_t>(got));
    if (got == 0) break;
  }
  return bytes;
}

}  // namespace quern
