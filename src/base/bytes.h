// Little-endian numbers and texts, one after the other: how Quern's own binary files are written, and read with doubt.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "quern/status.h"

namespace quern {

static_assert(std::endian::native == std::endian::little, "binary files are little endian; this machine is not");

/// Appends to a growing block.
class ByteWriter {
 public:
  /// An integer, a float, an enumerator or a bool, in as many bytes as its type has.
  template <typename T>
  requires(std::is_arithmetic_v<T> || std::is_enum_v<T>) void number(T value) {
    raw({reinterpret_cast<const std::byte*>(&value), sizeof value});
  }
  /// 32 bits.
  void count(size_t items) { number(static_cast<uint32_t>(items)); }
  /// A count, then the bytes.
  void text(const std::string& text);
  void raw(std::span<const std::byte> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  /// Zeros up to the next multiple of `unit`.
  void align(size_t unit);

  size_t size() const { return bytes_.size(); }
  const std::vector<std::byte>& bytes() const { return bytes_; }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

/// Reads what a ByteWriter wrote. The first thing that does not fit is remembered, and everything after it reads as 0
/// and empty: read on, then ask `status` once, before anything is done with what was read.
class ByteReader {
 public:
  /// `where` names the bytes in sentences: "section 'plan' of 'm.quern'".
  ByteReader(std::span<const std::byte> bytes, std::string where) : bytes_(bytes), where_(std::move(where)) {}

  /// Enumerators are the caller's to doubt; a bool is 0 or 1.
  template <typename T>
  requires(std::is_arithmetic_v<T> || std::is_enum_v<T>) T number() {
    if constexpr (std::is_same_v<T, bool>) {
      return number_in(number<uint8_t>(), 0, 1, "a flag") != 0;
    } else {
      T value{};
      if (const auto own = take(sizeof value); !own.empty()) std::memcpy(&value, own.data(), sizeof value);
      return value;
    }
  }
  /// A number that must lie in low…high; `what` names it.
  int64_t number_in(int64_t value, int64_t low, int64_t high, const char* what);
  std::string text();
  /// How many items follow, each of at least `least_bytes`: never more than the remaining bytes could hold.
  size_t count(size_t least_bytes, const char* what = "a count");
  /// The next bytes; none when there are fewer.
  std::span<const std::byte> take(size_t size);
  /// Steps over zeros up to a multiple of `unit`.
  void align(size_t unit);

  size_t at() const { return at_; }
  size_t left() const { return bytes_.size() - at_; }
  bool failed() const { return !error_.empty(); }
  /// invalid_file for the first thing that did not fit, naming it and its offset.
  Status status() const;
  /// The same, and that nothing is left over.
  Status finished();
  /// Remembers an error of the caller's own at this offset.
  void refuse(const std::string& sentence);

 private:
  std::span<const std::byte> bytes_;
  size_t at_ = 0;
  std::string where_;
  std::string error_;
};

}  // namespace quern
