// numpy's .npy: "\x93NUMPY", version, header length, a Python dict literal, elements. The dict is parsed by looking for
// its three keys: numpy itself writes no other form.
#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>

#include "base/checked.h"
#include "base/error.h"
#include "quern/file.h"

namespace quern {

namespace {

constexpr const char kMagic[] = "\x93NUMPY";
constexpr size_t kMagicBytes = 6;

struct Header {
  DType dtype = DType::float32;
  Shape shape;
  bool fortran = false;
  size_t data_at = 0;
};

struct DescrRow {
  const char* descr;
  DType dtype;
};
constexpr DescrRow kDescrs[] = {
    {"<f4", DType::float32}, {"<f2", DType::float16}, {"<f8", DType::float64}, {"|i1", DType::int8},
    {"|u1", DType::uint8},   {"<i2", DType::int16},   {"<u2", DType::uint16},  {"<i4", DType::int32},
    {"<u4", DType::uint32},  {"<i8", DType::int64},   {"<u8", DType::uint64},  {"|b1", DType::boolean},
};

Error broken(const std::string& path, const std::string& why) {
  Error error = fail(ErrorCode::invalid_file, "'{}' is no numpy array file: {}", path, why);
  error.file = path;
  return error;
}

/// The text behind `'key':` in the dict, up to the end of the header.
std::optional<std::string> after_key(const std::string& dict, const std::string& key) {
  const size_t at = dict.find("'" + key + "':");
  if (at == std::string::npos) return std::nullopt;
  const size_t value = dict.find_first_not_of(' ', at + key.size() + 3);
  if (value == std::string::npos) return std::nullopt;
  return dict.substr(value);
}

Result<DType> parse_descr(const std::string& text, const std::string& path) {
  const size_t end = text.size() > 1 ? text.find('\'', 1) : std::string::npos;
  if (end == std::string::npos || text[0] != '\'') return broken(path, "its descr is not a string");
  const std::string descr = text.substr(1, end - 1);
  for (const DescrRow& row : kDescrs) {
    if (descr == row.descr) return row.dtype;
  }
  Error error = fail(ErrorCode::unsupported,
                     "'{}' holds elements of numpy type '{}'; convert it to a little-endian number type", path, descr);
  error.file = path;
  return error;
}

Result<Shape> parse_shape(const std::string& text, const std::string& path) {
  const size_t end = text.find(')');
  if (text[0] != '(' || end == std::string::npos) return broken(path, "its shape is not a tuple");
  Shape shape;
  size_t at = 1;
  while (at < end) {
    if (text[at] == ' ' || text[at] == ',') {
      ++at;
      continue;
    }
    int64_t extent = 0;
    const size_t first = at;
    while (at < end && text[at] >= '0' && text[at] <= '9' && at - first < 18) extent = extent * 10 + (text[at++] - '0');
    if (at == first || shape.size() >= 32) return broken(path, "its shape is not a tuple of extents");
    shape.push_back(extent);
  }
  return shape;
}

Result<Header> parse_header(std::span<const std::byte> bytes, const std::string& path) {
  const auto* raw = reinterpret_cast<const unsigned char*>(bytes.data());
  if (bytes.size() < 12 || std::memcmp(raw, kMagic, kMagicBytes) != 0)
    return broken(path, "it does not start with the magic string");
  const bool wide = raw[6] >= 2;
  if (raw[6] < 1 || raw[6] > 3) return broken(path, fmt::format("its version is {}", raw[6]));
  size_t length = raw[8] | static_cast<size_t>(raw[9]) << 8;
  if (wide) length |= static_cast<size_t>(raw[10]) << 16 | static_cast<size_t>(raw[11]) << 24;
  Header header;
  header.data_at = (wide ? 12U : 10U) + length;
  if (header.data_at > bytes.size()) return broken(path, "it ends inside the header");
  const std::string dict(reinterpret_cast<const char*>(raw) + (wide ? 12 : 10), length);
  const auto descr = after_key(dict, "descr");
  const auto order = after_key(dict, "fortran_order");
  const auto shape = after_key(dict, "shape");
  if (!descr || !order || !shape) return broken(path, "its header lacks descr, fortran_order or shape");
  QUERN_TRY(header.dtype, parse_descr(*descr, path));
  header.fortran = order->starts_with("True");
  QUERN_TRY(header.shape, parse_shape(*shape, path));
  return header;
}

/// Fortran order is C order of the reversed shape: element by element into place.
Result<Tensor> from_fortran(const Tensor& reversed, const Shape& shape) {
  QUERN_TRY(Tensor out, Tensor::make(reversed.dtype(), shape));
  const size_t unit = size_of(out.dtype());
  const auto* from = static_cast<const std::byte*>(reversed.raw());
  auto* to = static_cast<std::byte*>(out.mutable_raw());
  std::vector<int64_t> index(shape.size(), 0);
  for (int64_t i = 0; i < out.size(); ++i) {
    int64_t at = 0;
    for (size_t d = shape.size(); d-- > 0;) at = at * shape[d] + index[d];
    std::memcpy(to + static_cast<size_t>(i) * unit, from + static_cast<size_t>(at) * unit, unit);
    for (size_t d = shape.size(); d-- > 0;) {
      if (++index[d] < shape[d]) break;
      index[d] = 0;
    }
  }
  return out;
}

}  // namespace

Result<Tensor> parse_npy(std::span<const std::byte> bytes, const std::string& path) {
  QUERN_TRY(const Header header, parse_header(bytes, path));
  QUERN_TRY(const int64_t count, element_count(header.shape));
  const int64_t need = count * static_cast<int64_t>(size_of(header.dtype));
  const int64_t have = static_cast<int64_t>(bytes.size() - header.data_at);
  if (need != have)
    return broken(path, fmt::format("shape {} of {} needs {} bytes, there are {}", to_string(header.shape),
                                    to_string(header.dtype), need, have));
  QUERN_TRY(Tensor tensor, Tensor::make(header.dtype, header.shape));
  if (need > 0) std::memcpy(tensor.mutable_raw(), bytes.data() + header.data_at, static_cast<size_t>(need));
  if (header.fortran && header.shape.size() > 1) return from_fortran(tensor, header.shape);
  return tensor;
}

Result<Tensor> read_npy(const std::string& path) {
  QUERN_TRY(const std::vector<std::byte> bytes, read_file(path, Tensor::kMaxBytes + 65536));
  return parse_npy(bytes, path);
}

Result<std::vector<std::pair<std::string, Tensor>>> read_npz(const std::string& path) {
  QUERN_TRY(const std::vector<std::byte> bytes, read_file(path));
  return parse_npz(bytes, path);
}

Result<std::vector<std::pair<std::string, Tensor>>> parse_npz(std::span<const std::byte> bytes,
                                                              const std::string& path) {
  const std::unique_ptr<archive, int (*)(archive*)> zip(archive_read_new(), archive_read_free);
  archive_read_support_format_zip(zip.get());
  if (archive_read_open_memory(zip.get(), bytes.data(), bytes.size()) != ARCHIVE_OK)
    return broken(path, "it is no zip archive");
  std::vector<std::pair<std::string, Tensor>> arrays;
  archive_entry* entry = nullptr;
  int64_t total = 0;
  int code = ARCHIVE_OK;
  while ((code = archive_read_next_header(zip.get(), &entry)) == ARCHIVE_OK) {
    std::vector<std::byte> data;
    std::byte block[65536];
    la_ssize_t got = 0;
    while ((got = archive_read_data(zip.get(), block, sizeof(block))) > 0) {
      total += got;
      if (total > Tensor::kMaxBytes) return broken(path, "its arrays are larger than 2 GiB");
      data.insert(data.end(), block, block + got);
    }
    if (got < 0) return broken(path, "an entry is damaged");
    std::string name = archive_entry_pathname(entry) == nullptr ? "" : archive_entry_pathname(entry);
    if (name.ends_with(".npy")) name.resize(name.size() - 4);
    QUERN_TRY(Tensor tensor, parse_npy(data, path + ":" + name));
    arrays.emplace_back(std::move(name), std::move(tensor));
  }
  if (code != ARCHIVE_EOF || arrays.empty()) return broken(path, "it is no zip archive of arrays");
  return arrays;
}

Result<Tensor> read_raw(const std::string& path, DType dtype, const Shape& shape) {
  QUERN_TRY(const std::vector<std::byte> bytes, read_file(path));
  QUERN_TRY(Tensor tensor, Tensor::make(dtype, shape));
  if (static_cast<int64_t>(bytes.size()) != tensor.bytes()) {
    Error error = fail(ErrorCode::invalid_file, "'{}' has {} bytes; {} {} needs {}", path, bytes.size(),
                       to_string(dtype), to_string(shape), tensor.bytes());
    error.file = path;
    return error;
  }
  if (!bytes.empty()) std::memcpy(tensor.mutable_raw(), bytes.data(), bytes.size());
  return tensor;
}

Status write_npy(const std::string& path, const Tensor& tensor) {
  const char* descr = "";
  for (const DescrRow& row : kDescrs) {
    if (row.dtype == tensor.dtype()) descr = row.descr;
  }
  std::string shape;
  for (int64_t extent : tensor.shape()) shape += fmt::format("{}, ", extent);
  if (tensor.rank() > 1) shape.resize(shape.size() - 2);
  if (tensor.rank() == 1) shape.resize(shape.size() - 1);
  std::string dict = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", descr, shape);
  dict.resize(static_cast<size_t>(round_up(static_cast<int64_t>(10 + dict.size() + 1), 64)) - 11, ' ');
  dict += '\n';
  std::string file(kMagic, kMagicBytes);
  file += '\x01';
  file += '\x00';
  file += static_cast<char>(dict.size() & 0xff);
  file += static_cast<char>(dict.size() >> 8);
  file += dict;
  file.append(static_cast<const char*>(tensor.raw()), static_cast<size_t>(tensor.bytes()));
  return write_file(path, file);
}

Status write_tensor(const std::string& path, const Tensor& tensor) {
  if (path.ends_with(".npy")) return write_npy(path, tensor);
  if (path.ends_with(".raw") || path.ends_with(".bin")) {
    return write_file(path, {static_cast<const std::byte*>(tensor.raw()), static_cast<size_t>(tensor.bytes())});
  }
  return fail(ErrorCode::invalid_argument, "'{}': tensors are written as .npy, .raw or .bin", path);
}

}  // namespace quern
