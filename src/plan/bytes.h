// Numbers, texts and lists as little-endian bytes without gaps: what files between compile and run are made of.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace quern {

/// Appends to a block of bytes.
class ByteWriter {
 public:
  std::vector<std::byte> bytes;

  /// An integer, a float, an enumerator or a bool, in as many bytes as its type has.
  template <typename T>
  void number(T value) {
    if constexpr (std::is_enum_v<T>) {
      number(static_cast<std::underlying_type_t<T>>(value));
    } else if constexpr (std::is_same_v<T, bool>) {
      number(static_cast<uint8_t>(value));
    } else if constexpr (std::is_same_v<T, float>) {
      number(std::bit_cast<uint32_t>(value));
    } else if constexpr (std::is_same_v<T, double>) {
      number(std::bit_cast<uint64_t>(value));
    } else {
      for (size_t i = 0; i < sizeof(T); ++i) {
        bytes.push_back(static_cast<std::byte>(static_cast<std::make_unsigned_t<T>>(value) >> (8 * i)));
      }
    }
  }
  void count(size_t n) { number(static_cast<uint32_t>(n)); }
  void text(const std::string& text) {
    count(text.size());
    for (char c : text) bytes.push_back(static_cast<std::byte>(c));
  }
  /// Zeros up to a multiple of `unit`.
  void align(size_t unit) { bytes.resize((bytes.size() + unit - 1) / unit * unit); }
};

/// Takes from a block of bytes that is not to be trusted. What is beyond the end, or is no value of its type, sets
/// `failed` for good and reads as 0; a count is never more than the bytes left can hold.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  bool failed() const { return failed_; }
  size_t at() const { return at_; }
  size_t left() const { return bytes_.size() - at_; }
  void fail() { failed_ = true; }

  template <typename T>
  T number() {
    if constexpr (std::is_enum_v<T>) {
      return static_cast<T>(number<std::underlying_type_t<T>>());
    } else if constexpr (std::is_same_v<T, bool>) {
      const auto byte = number<uint8_t>();
      if (byte > 1) fail();
      return byte == 1;
    } else if constexpr (std::is_same_v<T, float>) {
      return std::bit_cast<float>(number<uint32_t>());
    } else if constexpr (std::is_same_v<T, double>) {
      return std::bit_cast<double>(number<uint64_t>());
    } else {
      const auto own = take(sizeof(T));
      std::make_unsigned_t<T> value = 0;
      for (size_t i = 0; i < own.size(); ++i) {
        value = static_cast<std::make_unsigned_t<T>>(value | std::make_unsigned_t<T>(own[i]) << (8 * i));
      }
      return static_cast<T>(value);
    }
  }

  /// The length of a list whose items have at least `least` bytes each.
  size_t count(size_t least) {
    const auto n = number<uint32_t>();
    if (n > left() / least) fail();
    return failed_ ? 0 : n;
  }

  std::string text() {
    const auto own = take(count(1));
    return {reinterpret_cast<const char*>(own.data()), own.size()};
  }

  /// The next bytes; none when there are fewer.
  std::span<const std::byte> take(size_t n) {
    if (failed_ || n > left()) {
      fail();
      return {};
    }
    at_ += n;
    return bytes_.subspan(at_ - n, n);
  }

  /// Steps over zeros up to a multiple of `unit`.
  void align(size_t unit) {
    for (const std::byte byte : take((unit - at_ % unit) % unit)) {
      if (byte != std::byte{0}) fail();
    }
  }

 private:
  std::span<const std::byte> bytes_;
  size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace quern
