#include "base/bytes.h"

#include "base/error.h"

namespace quern {

void ByteWriter::text(const std::string& text) {
  count(text.size());
  raw(std::as_bytes(std::span(text.data(), text.size())));
}

void ByteWriter::align(size_t unit) {
  bytes_.resize((bytes_.size() + unit - 1) / unit * unit);
}

std::span<const std::byte> ByteReader::take(size_t size) {
  if (size > left()) refuse(fmt::format("{} bytes are wanted and {} are left", size, left()));
  if (failed()) return {};
  at_ += size;
  return bytes_.subspan(at_ - size, size);
}

void ByteReader::align(size_t unit) {
  for (const std::byte byte : take((unit - at_ % unit) % unit)) {
    if (byte != std::byte{0}) refuse("a byte that fills up is not zero");
  }
}

void ByteReader::refuse(const std::string& sentence) {
  if (error_.empty())
    error_ = fmt::format("{}, byte {}: {}; the file is damaged or no file of Quern's", where_, at_, sentence);
}

int64_t ByteReader::number_in(int64_t value, int64_t low, int64_t high, const char* what) {
  if (failed()) return low;
  if (value >= low && value <= high) return value;
  refuse(fmt::format("{} is {}, outside {} to {}", what, value, low, high));
  return low;
}

std::string ByteReader::text() {
  const std::span<const std::byte> bytes = take(count(1, "the length of a text"));
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

size_t ByteReader::count(size_t least_bytes, const char* what) {
  const uint32_t wanted = number<uint32_t>();
  if (failed()) return 0;
  if (wanted <= left() / least_bytes) return wanted;
  refuse(fmt::format("{} is {}, more than the {} bytes left can hold", what, wanted, left()));
  return 0;
}

Status ByteReader::status() const {
  if (!failed()) return {};
  return Error{ErrorCode::invalid_file, error_};
}

Status ByteReader::finished() {
  if (left() > 0) refuse(fmt::format("{} bytes are left over", left()));
  return status();
}

}  // namespace quern
