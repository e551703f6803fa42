#include "package/sections.h"

#include <algorithm>
#include <cstring>

#include "base/bytes.h"
#include "base/error.h"
#include "base/sha256.h"

namespace quern {

namespace {

constexpr char kMagic[8] = "QUERNPK";
constexpr size_t kHeader = 64;
constexpr size_t kName = 16;
constexpr size_t kSum = 32;
constexpr size_t kEntry = kName + 8 + 8 + kSum;
constexpr size_t kUnit = 64;
constexpr size_t kMostSections = 4096;

size_t aligned(size_t offset) {
  return (offset + kUnit - 1) / kUnit * kUnit;
}

void put_name(ByteWriter& out, const std::string& name) {
  char field[kName] = {};
  std::memcpy(field, name.data(), std::min(name.size(), kName - 1));
  out.raw(std::as_bytes(std::span(field)));
}

std::vector<std::byte> table_of(const std::vector<Section>& sections, size_t& end) {
  ByteWriter table;
  size_t at = kHeader + sections.size() * kEntry;
  for (const Section& section : sections) {
    at = aligned(at);
    put_name(table, section.name);
    table.number(uint64_t{at});
    table.number(uint64_t{section.bytes.size()});
    table.raw(sha256_bytes(section.bytes));
    at += section.bytes.size();
  }
  end = at;
  return table.take();
}

}  // namespace

std::vector<std::byte> write_sections(const std::vector<Section>& sections) {
  size_t end = 0;
  const std::vector<std::byte> table = table_of(sections, end);
  ByteWriter out;
  out.raw(std::as_bytes(std::span(kMagic)));
  out.number(kPackageMajor);
  out.number(kPackageMinor);
  out.number(static_cast<uint32_t>(sections.size()));
  out.number(uint32_t{0});
  out.number(uint64_t{end});
  out.raw(sha256_bytes(table));
  out.raw(table);
  for (const Section& section : sections) {
    out.align(kUnit);
    out.raw(section.bytes);
  }
  return out.take();
}

bool is_package(std::span<const std::byte> bytes) {
  return bytes.size() >= sizeof kMagic && std::memcmp(bytes.data(), kMagic, sizeof kMagic) == 0;
}

Error Sections::damaged(const std::string& what) const {
  Error error = fail(ErrorCode::invalid_file, "'{}' is a damaged package: {}; copy or build it again", file_, what);
  error.file = file_;
  return error;
}

std::string Sections::where(const std::string& name) const {
  return fmt::format("section '{}' of '{}'", name, file_);
}

Result<Sections> Sections::open(std::span<const std::byte> bytes, const std::string& file) {
  Sections sections;
  sections.bytes_ = bytes;
  sections.file_ = file;
  if (!is_package(bytes)) return sections.damaged("it does not begin as one");
  if (bytes.size() < kHeader)
    return sections.damaged(fmt::format("it ends after {} bytes, in its header", bytes.size()));
  ByteReader header(bytes.first(kHeader), "the header");
  header.take(sizeof kMagic);
  const auto major = header.number<uint32_t>();
  header.number<uint32_t>();  // an older reader may read a newer minor version
  const auto count = header.number<uint32_t>();
  const auto zero = header.number<uint32_t>();
  const auto size = header.number<uint64_t>();
  if (major != kPackageMajor) {
    return fail(ErrorCode::unsupported,
                "'{}' is a package of version {}; this Quern reads version {}: build it again from its model", file,
                major, kPackageMajor);
  }
  if (size != bytes.size())
    return sections.damaged(fmt::format("it should have {} bytes and has {}", size, bytes.size()));
  if (zero != 0 || count < 1 || count > kMostSections || kHeader + count * kEntry > bytes.size())
    return sections.damaged(fmt::format("its header names {} sections", count));
  const auto table = bytes.subspan(kHeader, count * kEntry);
  if (!std::ranges::equal(sha256_bytes(table), header.take(kSum)))
    return sections.damaged("the sum of its section table is wrong");
  QUERN_CHECK(sections.read_table(count));
  QUERN_CHECK(sections.check_gaps());
  return sections;
}

Status Sections::read_table(size_t count) {
  ByteReader table(bytes_.subspan(kHeader, count * kEntry), "the section table");
  for (size_t i = 0; i < count; ++i) {
    const auto name = table.take(kName);
    Entry entry;
    const auto* text = reinterpret_cast<const char*>(name.data());
    entry.name.assign(text, strnlen(text, name.size()));
    entry.offset = table.number<uint64_t>();
    entry.bytes = table.number<uint64_t>();
    entry.sum = table.take(kSum);
    if (entry.offset > bytes_.size() || entry.bytes > bytes_.size() - entry.offset)
      return damaged(fmt::format("section '{}' lies outside the file", entry.name));
    if (has(entry.name)) return damaged(fmt::format("section '{}' is there twice", entry.name));
    entries_.push_back(std::move(entry));
  }
  return {};
}

Status Sections::zero(size_t from, size_t to) const {
  for (size_t at = from; at < to; ++at) {
    if (bytes_[at] != std::byte{0}) return damaged(fmt::format("byte {} between two sections is not zero", at));
  }
  return {};
}

Status Sections::check_gaps() const {
  size_t end = kHeader + entries_.size() * kEntry;
  for (const Entry& entry : entries_) {
    if (entry.offset != aligned(end)) return damaged(fmt::format("section '{}' is not where it should be", entry.name));
    QUERN_CHECK(zero(end, entry.offset));
    end = entry.offset + entry.bytes;
  }
  if (end != bytes_.size()) return damaged(fmt::format("{} bytes follow the last section", bytes_.size() - end));
  return {};
}

bool Sections::has(const std::string& name) const {
  return std::ranges::any_of(entries_, [&](const Entry& entry) { return entry.name == name; });
}

Result<std::span<const std::byte>> Sections::get(const std::string& name) const {
  for (const Entry& entry : entries_) {
    if (entry.name != name) continue;
    const auto bytes = bytes_.subspan(entry.offset, entry.bytes);
    if (!std::ranges::equal(sha256_bytes(bytes), entry.sum))
      return damaged(fmt::format("the sum of section '{}' is wrong", name));
    return bytes;
  }
  return damaged(fmt::format("it has no section '{}'", name));
}

}  // namespace quern
