#include "read/format.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

namespace quern {

namespace {

using std::string_view_literals::operator""sv;

/// Reads a protobuf varint and moves past it.
std::optional<uint64_t> varint(std::string_view& bytes) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return std::nullopt;
}

/// One field of a protobuf message: its number and wire type. `bytes` moves to the next field.
struct Field {
  uint64_t number;
  uint64_t wire;
};

std::optional<Field> next_field(std::string_view& bytes) {
  const auto tag = varint(bytes);
  if (!tag) return std::nullopt;
  const Field field{*tag >> 3, *tag & 7};
  uint64_t length = 0;
  if (field.wire == 0) {
    if (!varint(bytes)) return std::nullopt;
  } else if (field.wire == 1) {
    length = 8;
  } else if (field.wire == 5) {
    length = 4;
  } else if (field.wire == 2) {
    const auto given = varint(bytes);
    if (!given) return std::nullopt;
    length = *given;
  } else {
    return std::nullopt;
  }
  // A file that was cut inside its last field is still recognised; the reader then says what is wrong with it.
  bytes.remove_prefix(static_cast<size_t>(std::min<uint64_t>(length, bytes.size())));
  return field;
}

/// ModelProto's fields and how they are coded: numbers are varints, everything else is length-delimited.
bool belongs_to_onnx(Field field) {
  constexpr uint64_t kVarints[] = {1, 5};
  constexpr uint64_t kMessages[] = {2, 3, 4, 6, 7, 8, 14, 20, 25, 26};
  const auto& list = field.wire == 0 ? std::span<const uint64_t>(kVarints) : std::span<const uint64_t>(kMessages);
  return (field.wire == 0 || field.wire == 2) && std::find(list.begin(), list.end(), field.number) != list.end();
}

/// Whether the first fields are those of an ONNX ModelProto. `ir_version` or the graph comes first in every file seen.
bool looks_like_onnx(std::string_view bytes) {
  int seen = 0;
  while (!bytes.empty() && seen < 8) {
    const auto field = next_field(bytes);
    if (!field || !belongs_to_onnx(*field)) return false;
    ++seen;
  }
  return seen > 0;
}

struct Magic {
  size_t offset;
  std::string_view bytes;
  FileFormat format;
};

constexpr Magic kMagics[] = {
    {4, "TFL3"sv, FileFormat::tflite},          {0, "\x89HDF\r\n\x1a\n"sv, FileFormat::hdf5},
    {0, "7767517\n"sv, FileFormat::ncnn_param}, {0, "7767517\r\n"sv, FileFormat::ncnn_param},
    {0, "QUERN"sv, FileFormat::plan},           {0, "{"sv, FileFormat::json},
};

/// Text graphs may begin with blank lines and comments.
bool is_text_graph(std::string_view text) {
  while (!text.empty()) {
    const size_t start = text.find_first_not_of(" \t\r\n");
    if (start == std::string_view::npos) return false;
    text.remove_prefix(start);
    if (text.front() != '#') break;
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return false;
    text.remove_prefix(end);
  }
  return text.starts_with("graph") &&
         (text.size() == 5 || std::string_view(" \t\r\n\"'{(").find(text[5]) != std::string_view::npos);
}

/// A pickle of protocol 2 or above begins with its version; torch's legacy files hold a magic number next.
bool is_pickle(std::string_view bytes) {
  return bytes.size() > 2 && bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= 5 && bytes.back() == '.';
}

bool is_torch_legacy(std::string_view bytes) {
  return bytes.starts_with("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"sv);
}

}  // namespace

FileFormat tell_format(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.empty()) return FileFormat::empty;
  for (const Magic& magic : kMagics) {
    if (text.size() >= magic.offset && text.substr(magic.offset).starts_with(magic.bytes)) return magic.format;
  }
  if (text.starts_with("PK\x03\x04"sv)) {
    const bool torch = text.substr(0, 4096).find("data.pkl") != std::string_view::npos;
    return torch ? FileFormat::torch_zip : FileFormat::zip;
  }
  if (is_torch_legacy(text) || is_pickle(text)) return FileFormat::torch_legacy;
  if (is_text_graph(text)) return FileFormat::text;
  // A SavedModel is the version 1 and then messages of field 2; an ONNX file of version 1 is none that anyone has.
  if (text.starts_with("\x08\x01\x12"sv)) return FileFormat::tensorflow_pb;
  if (looks_like_onnx(text)) return FileFormat::onnx;
  if (text.starts_with("\x0a"sv)) return FileFormat::tensorflow_pb;  // a frozen GraphDef: a run of messages of field 1
  return FileFormat::unknown;
}

}  // namespace quern
