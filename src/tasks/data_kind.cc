#include "tasks/data_kind.h"

#include <algorithm>
#include <cstring>
#include <fstream>

#include "base/error.h"
#include "quern/file.h"

namespace quern {

namespace {

struct Magic {
  size_t at;
  std::string_view bytes;
  DataKind kind;
};

constexpr Magic kMagics[] = {
    {257, "ustar", DataKind::archive},  // before all others: a tar begins with the name of a file
    {0, "\xff\xd8\xff", DataKind::picture},
    {0, "\x89PNG\r\n\x1a\n", DataKind::picture},
    {0, "P5\n", DataKind::picture},
    {0, "P6\n", DataKind::picture},
    {0, "P5 ", DataKind::picture},
    {0, "P6 ", DataKind::picture},
    {0, "\x93NUMPY", DataKind::npy},
    {0, "PK\x03\x04", DataKind::npz},
    {0, "\x1f\x8b", DataKind::archive},  // gzip
    {0,
     "\xfd"
     "7zXZ",
     DataKind::archive},                         // xz
    {0, "\x28\xb5\x2f\xfd", DataKind::archive},  // zstd
    {0, "BZh", DataKind::archive},
};

constexpr std::string_view kPartSuffixes[] = {".jpg", ".jpeg", ".png", ".bmp", ".ppm", ".pgm", ".npy", ".npz"};

bool ends_with_any_case(std::string_view name, std::string_view suffix) {
  if (name.size() < suffix.size()) return false;
  name.remove_prefix(name.size() - suffix.size());
  return std::equal(name.begin(), name.end(), suffix.begin(),
                    [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
}

/// "BM" begins many texts too; a bitmap's bytes 6 to 9 are reserved and zero.
bool is_bitmap(std::string_view head) {
  return head.size() >= 14 && head.starts_with("BM") && head.substr(6, 4) == std::string_view("\0\0\0\0", 4);
}

/// The oldest tars have no magic word, but the sum of their header, in octal at 148, counting that field as blanks.
bool is_old_tar(std::string_view head) {
  if (head.size() < kHeadBytes || head[0] == '\0') return false;
  uint32_t sum = 0;
  for (size_t i = 0; i < kHeadBytes; ++i) sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(head[i]);
  const std::string digits(head.substr(148, 8));
  const size_t first = digits.find_first_of("01234567");
  return first != std::string::npos && std::strtoul(digits.c_str() + first, nullptr, 8) == sum;
}

bool is_text(std::string_view head) {
  return std::all_of(head.begin(), head.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\r' || c == '\t';
  });
}

}  // namespace

DataKind tell_kind(std::span<const std::byte> head, std::string_view name) {
  const std::string_view text(reinterpret_cast<const char*>(head.data()), std::min(head.size(), kHeadBytes));
  if (ends_with_any_case(name, ".raw") || ends_with_any_case(name, ".bin")) return DataKind::raw;
  for (const Magic& magic : kMagics) {
    if (text.size() >= magic.at && text.substr(magic.at).starts_with(magic.bytes)) return magic.kind;
  }
  if (is_bitmap(text)) return DataKind::picture;
  if (is_old_tar(text)) return DataKind::archive;
  return is_text(text) ? DataKind::text : DataKind::other;
}

bool is_part(DataKind kind) {
  return kind == DataKind::picture || kind == DataKind::npy || kind == DataKind::npz || kind == DataKind::raw;
}

bool named_as_part(std::string_view name) {
  return std::any_of(std::begin(kPartSuffixes), std::end(kPartSuffixes),
                     [&](std::string_view suffix) { return ends_with_any_case(name, suffix); });
}

Result<std::vector<std::byte>> read_head(const std::string& path) {
  std::vector<std::byte> head(kHeadBytes);
  std::ifstream file(path, std::ios::binary);
  if (!file) return read_file(path, 0).status();  // the sentence that says why
  file.read(reinterpret_cast<char*>(head.data()), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<size_t>(file.gcount()));
  return head;
}

Status decode_parts(std::span<const std::byte> bytes, DataKind kind, const std::string& input, const std::string& from,
                    Sample& sample) {
  switch (kind) {
    case DataKind::picture: {
      QUERN_TRY(Picture picture, decode_picture(bytes, from));
      sample.parts.push_back({input, from, std::move(picture)});
      return {};
    }
    case DataKind::npy: {
      QUERN_TRY(Tensor array, parse_npy(bytes, from));
      sample.parts.push_back({input, from, std::move(array)});
      return {};
    }
    case DataKind::npz: {
      QUERN_TRY(auto arrays, parse_npz(bytes, from));
      if (!input.empty() && arrays.size() > 1) {
        return fail(ErrorCode::invalid_argument, "'{}' holds {} arrays; the one input '{}' cannot take them all", from,
                    arrays.size(), input);
      }
      for (auto& [name, array] : arrays) sample.parts.push_back({input.empty() ? name : input, from, std::move(array)});
      return {};
    }
    case DataKind::raw:
      sample.parts.push_back({input, from, RawBytes(bytes.begin(), bytes.end())});
      return {};
    default:
      return fail(ErrorCode::invalid_file, "'{}' is neither a picture (JPEG, PNG, BMP, PPM, PGM) nor an array file",
                  from);
  }
}

}  // namespace quern
