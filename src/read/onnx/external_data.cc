#include "read/onnx/external_data.h"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>

#include "base/checked.h"
#include "base/error.h"

namespace quern::onnx {

namespace {

namespace fs = std::filesystem;

/// The three entries that matter; a checksum is not looked at.
struct Place {
  std::string location;
  int64_t offset = 0;
  std::optional<int64_t> length;
};

Result<int64_t> parse_size(const std::string& key, const std::string& text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) {
    return fail(ErrorCode::invalid_file, "its external data has {} '{}', which is not a size in bytes", key,
                text.substr(0, 40));
  }
  return value;
}

Result<Place> parse_place(const TensorProto& tensor) {
  Place place;
  for (const StringStringEntryProto& entry : tensor.external_data()) {
    if (entry.key() == "location") {
      place.location = entry.value();
    } else if (entry.key() == "offset") {
      QUERN_TRY(place.offset, parse_size("offset", entry.value()));
    } else if (entry.key() == "length") {
      QUERN_TRY(place.length, parse_size("length", entry.value()));
    }
  }
  return place;
}

bool leads_out(const fs::path& path) {
  if (path.is_absolute() || path.has_root_path()) return true;
  for (const fs::path& part : path) {
    if (part == "..") return true;
  }
  return false;
}

bool inside(const fs::path& folder, const fs::path& file) {
  const auto [end, unused] = std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
  return end == folder.end();
}

}  // namespace

ExternalData::ExternalData(const std::string& model_path) {
  const fs::path parent = fs::path(model_path).parent_path();
  folder_ = parent.empty() ? "." : parent.string();
}

Result<ExternalData::File> ExternalData::open(const std::string& location) {
  if (location.empty() || location.find('\0') != std::string::npos || location.size() > 4096) {
    return fail(ErrorCode::invalid_file, "its external data names no file");
  }
  if (leads_out(location)) {
    return fail(ErrorCode::invalid_file,
                "its external data is '{}'; only files in the model's own folder are read: put the file beside the "
                "model and save it with a relative location",
                location);
  }
  std::error_code error;
  const fs::path folder = fs::canonical(folder_, error);
  if (error) return fail(ErrorCode::not_found, "the model's folder '{}' cannot be resolved", folder_);
  const fs::path file = fs::canonical(folder / location, error);
  if (error) {
    return fail(ErrorCode::not_found, "its external data file '{}' is not in the model's folder '{}'", location,
                folder_);
  }
  if (!inside(folder, file)) {
    return fail(ErrorCode::invalid_file,
                "its external data '{}' is a link that leads out of the model's folder; put a copy of the file there",
                location);
  }
  if (!fs::is_regular_file(file, error)) {
    return fail(ErrorCode::invalid_file, "its external data '{}' is not a regular file", location);
  }
  const auto size = fs::file_size(file, error);
  if (error) return fail(ErrorCode::io, "the size of its external data file '{}' cannot be told", location);
  return File{file.string(), static_cast<int64_t>(size)};
}

Status ExternalData::read(const TensorProto& tensor, std::span<std::byte> out) {
  QUERN_TRY(const Place place, parse_place(tensor));
  auto known = files_.find(place.location);
  if (known == files_.end()) {
    QUERN_TRY(File opened, open(place.location));
    allowed_ += opened.size;
    known = files_.emplace(place.location, std::move(opened)).first;
  }
  const File& file = known->second;
  const auto wanted = static_cast<int64_t>(out.size());
  const auto end = checked_add(place.offset, wanted);
  if ((place.length && *place.length != wanted) || !end || *end > file.size) {
    return fail(ErrorCode::invalid_file, "it needs {} bytes at {} of '{}', which says {} and holds {} bytes", wanted,
                place.offset, place.location, place.length ? std::to_string(*place.length) : "no length", file.size);
  }
  taken_ += wanted;
  if (taken_ > allowed_) {
    return fail(ErrorCode::invalid_file,
                "with it the tensors take more bytes from external files than these hold: they overlap");
  }
  std::ifstream stream(file.path, std::ios::binary);
  stream.seekg(place.offset);
  stream.read(reinterpret_cast<char*>(out.data()), wanted);
  if (!stream)
    return fail(ErrorCode::io, "{} bytes at {} of '{}' cannot be read", wanted, place.offset, place.location);
  return {};
}

}  // namespace quern::onnx
