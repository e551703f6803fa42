// Fields of a target's file, taken out of JSON one by one under complete doubt: type, range, spelling. Every refusal
// names the file and the path of the field, e.g. "'my_chip.json': dma.gb_per_s is -3; a number from 0.001 to 100000 is
// needed".
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/error.h"

namespace quern {

using Json = nlohmann::ordered_json;

/// A value in a file, and how it is called in errors.
struct Field {
  const Json* json = nullptr;
  std::string file;
  std::string path;  ///< "" for the whole file

  /// A complaint about this value: "'FILE': PATH SENTENCE".
  Error wrong(const std::string& sentence) const;
  /// The member of an object, or the element of an array. Requires that it is there.
  Field member(const std::string& key) const;
  Field element(size_t index) const;
  bool has(const char* key) const { return json->contains(key); }
};

/// The text as JSON. Refuses text that is not JSON (with line and column), a key given twice, and more than 1 MiB.
Result<Json> parse_json(std::string_view text, const std::string& file);

/// An object all of whose keys are known and all of whose required keys are there. A known key that starts with '?' may
/// be left out.
Status check_keys(const Field& field, std::span<const std::string_view> known);

Result<double> number(const Field& field, double low, double high);
Result<int64_t> whole(const Field& field, int64_t low, int64_t high);
Result<bool> flag(const Field& field);
/// One to 400 bytes.
Result<std::string> text(const Field& field);
/// The index of a word in `known`.
Result<size_t> word(const Field& field, std::span<const std::string_view> known);
/// Refuses what is not an array of `least` to 1000 elements.
Status check_list(const Field& field, size_t least);

/// Every element of an array, read by `read(Field)`.
template <typename Read>
auto list(const Field& field, size_t least, Read read)
    -> Result<std::vector<std::remove_cvref_t<decltype(*read(field))>>> {
  QUERN_CHECK(check_list(field, least));
  std::vector<std::remove_cvref_t<decltype(*read(field))>> items;
  for (size_t i = 0; i < field.json->size(); ++i) {
    QUERN_TRY(auto item, read(field.element(i)));
    items.push_back(std::move(item));
  }
  return items;
}

/// Reads an optional member of an object into `target`, which keeps its value when the member is not there.
template <typename T, typename Read>
Status take(const Field& field, const char* key, T& target, Read read) {
  if (!field.has(key)) return {};
  QUERN_TRY(target, read(field.member(key)));
  return {};
}

}  // namespace quern
