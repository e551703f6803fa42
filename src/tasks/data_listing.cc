#include "tasks/data_listing.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "quern/file.h"
#include "tasks/data_kind.h"
#include "tasks/list_file.h"
#include "tasks/tar_stream.h"

namespace quern {

namespace {

namespace fs = std::filesystem;

/// A bound on the names kept in memory; ImageNet's training set has 1.3 million pictures.
constexpr size_t kMaxItems = size_t{1} << 23;

Error data_error(ErrorCode code, const std::string& path, std::string sentence) {
  Error error{code, std::move(sentence)};
  error.file = path;
  return error;
}

/// What a folder or archive holds: its samples, what is beside the point, and whether all samples are of one kind.
class Holding {
 public:
  Holding(std::string path, DataListing& listing) : path_(std::move(path)), listing_(listing) {}

  Status add(DataItem item, std::span<const std::byte> head) {
    const DataKind kind = tell_kind(head, item.name);
    const bool hidden = fs::path(item.name).filename().string().starts_with('.');
    if (hidden || !is_part(kind)) return leave_out(item.name, hidden);
    std::string& example = kind == DataKind::picture ? picture_ : array_;
    if (example.empty()) example = item.name;
    if (!picture_.empty() && !array_.empty()) {
      return data_error(ErrorCode::invalid_argument, path_,
                        fmt::format("'{}' holds pictures ('{}') and arrays ('{}'); give a path with one of the two, "
                                    "or a list file that says which to take",
                                    path_, picture_, array_));
    }
    if (listing_.items.size() >= kMaxItems) {
      return data_error(ErrorCode::out_of_memory, path_,
                        fmt::format("'{}' holds more than {} samples; split it", path_, kMaxItems));
    }
    listing_.items.push_back(std::move(item));
    return {};
  }

  /// The sentence about what was left out; an error when nothing else was there.
  Status finish() {
    if (left_out_ > 0) {
      listing_.notes.push_back(fmt::format("'{}': {} {} neither picture nor array and {} left out ({}{})", path_,
                                           left_out_, left_out_ == 1 ? "file is" : "files are",
                                           left_out_ == 1 ? "was" : "were", fmt::join(left_names_, ", "),
                                           left_out_ > left_names_.size() ? ", …" : ""));
    }
    if (!picture_.empty() || !array_.empty()) return {};
    return data_error(ErrorCode::invalid_file, path_,
                      fmt::format("'{}' holds no picture (JPEG, PNG, BMP, PPM, PGM) and no array (.npy, .npz, .raw, "
                                  ".bin)",
                                  path_));
  }

 private:
  Status leave_out(const std::string& name, bool hidden) {
    if (!hidden && named_as_part(name)) {
      return data_error(
          ErrorCode::invalid_file, path_,
          fmt::format("'{}' in '{}' is named as a picture or an array, but its content is neither", name, path_));
    }
    ++left_out_;
    if (left_names_.size() < 3) left_names_.push_back(name);
    return {};
  }

  std::string path_;
  DataListing& listing_;
  std::string picture_;
  std::string array_;
  size_t left_out_ = 0;
  std::vector<std::string> left_names_;
};

/// The regular files below a folder, by their paths inside it, in order. Hidden folders are not entered.
Result<std::vector<std::string>> files_below(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code code;
  fs::recursive_directory_iterator at(folder, code);
  for (; !code && at != fs::recursive_directory_iterator(); at.increment(code)) {
    std::error_code unseen;
    if (at->is_directory(unseen)) {
      if (at->path().filename().string().starts_with('.')) at.disable_recursion_pending();
    } else if (at->is_regular_file(unseen)) {
      files.push_back(at->path().lexically_relative(folder).generic_string());
    }
  }
  if (code) {
    return data_error(ErrorCode::io, folder,
                      fmt::format("the folder '{}' cannot be listed: {}", folder, code.message()));
  }
  std::sort(files.begin(), files.end());
  return files;
}

Status list_folder(const std::string& folder, DataListing& listing) {
  QUERN_TRY(const std::vector<std::string> files, files_below(folder));
  Holding holding(folder, listing);
  for (const std::string& name : files) {
    const std::string path = (fs::path(folder) / name).string();
    QUERN_TRY(const std::vector<std::byte> head, read_head(path));
    QUERN_CHECK(holding.add({name, "", 0, {{"", path}}}, head));
  }
  return holding.finish();
}

/// Entries of one name would be one file when unpacked, so which of them is meant is anybody's guess.
Status check_names(const std::string& path, std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice == names.end()) return {};
  return data_error(ErrorCode::invalid_file, path,
                    fmt::format("the tar archive '{}' has two entries named '{}'; pack it anew", path, *twice));
}

Status list_tar(const std::string& path, DataListing& listing) {
  QUERN_TRY(TarStream tar, TarStream::open(path));
  const size_t first = listing.items.size();
  Holding holding(path, listing);
  TarEntry entry;
  while (true) {
    QUERN_TRY(const bool more, tar.next(entry));
    if (!more) break;
    QUERN_TRY(const std::vector<std::byte> head, tar.read(kHeadBytes));
    QUERN_CHECK(holding.add({entry.name, path, entry.ordinal}, head));
  }
  std::vector<std::string> names;
  for (size_t i = first; i < listing.items.size(); ++i) names.push_back(listing.items[i].name);
  QUERN_CHECK(check_names(path, std::move(names)));
  return holding.finish();
}

Status list_lines(const std::string& path, DataListing& listing) {
  QUERN_TRY(std::vector<ListLine> lines, read_list(path));
  const fs::path folder = fs::path(path).parent_path();
  for (ListLine& line : lines) {
    for (auto& [input, file] : line.parts) {
      file = (folder / file).string();
      std::error_code code;
      if (fs::is_regular_file(file, code)) continue;
      return data_error(ErrorCode::not_found, path,
                        fmt::format("the list '{}' names '{}', but there is no such file; paths are relative to the "
                                    "list's folder",
                                    path, file));
    }
    listing.items.push_back({line.text, "", 0, std::move(line.parts)});
  }
  if (!lines.empty()) return {};
  return data_error(ErrorCode::invalid_file, path, fmt::format("the list '{}' names no file", path));
}

}  // namespace

Status list_data(const std::string& path, DataListing& listing) {
  std::error_code code;
  if (fs::is_directory(path, code)) return list_folder(path, listing);
  if (!fs::is_regular_file(path, code)) {
    auto unreadable = read_file(path, 0);  // the sentence that says why
    return unreadable.ok() ? data_error(ErrorCode::io, path, fmt::format("'{}' is not a regular file", path))
                           : unreadable.status();
  }
  QUERN_TRY(const std::vector<std::byte> head, read_head(path));
  const DataKind kind = tell_kind(head, path);
  if (kind == DataKind::archive) return list_tar(path, listing);
  if (is_part(kind)) {
    listing.items.push_back({fs::path(path).filename().string(), "", 0, {{"", path}}});
    return {};
  }
  if (kind == DataKind::text && !named_as_part(path)) return list_lines(path, listing);
  return data_error(ErrorCode::invalid_file, path,
                    fmt::format("'{}' is no data: neither a folder, a tar archive, a list of files, a picture (JPEG, "
                                "PNG, BMP, PPM, PGM) nor an array file",
                                path));
}

}  // namespace quern
