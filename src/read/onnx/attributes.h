// The attributes of one node, read by name and type. Complaints are collected, so that a handler may read on; the
// driver asks `finish` once the handler is done.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/op.h"
#include "onnx.pb.h"
#include "quern/status.h"

namespace quern::onnx {

/// A word of the file and what it means here.
template <typename T>
struct Choice {
  std::string_view word;
  T value;
};

class Attributes {
 public:
  /// `node` must outlive this.
  explicit Attributes(const NodeProto& node) : node_(&node) {}

  bool has(std::string_view name) const { return find(name) != nullptr; }
  /// Each gives `fallback` (or nothing) when the attribute is absent or of another type; the latter is a complaint.
  int64_t integer(std::string_view name, int64_t fallback);
  bool flag(std::string_view name, bool fallback) { return integer(name, fallback ? 1 : 0) != 0; }
  float number(std::string_view name, float fallback);
  std::string text(std::string_view name, std::string_view fallback);
  Ints integers(std::string_view name);
  std::vector<float> numbers(std::string_view name);
  const TensorProto* tensor(std::string_view name);

  /// The meaning of a text attribute; a word that is not in `choices` is a complaint. `fallback` must be in `choices`.
  template <typename T>
  T choice(std::string_view name, std::span<const Choice<T>> choices, std::string_view fallback) {
    const std::string word = text(name, fallback);
    for (const Choice<T>& c : choices) {
      if (c.word == word) return c.value;
    }
    complain_word(name, word);
    return choices.front().value;
  }

  /// Says that these change nothing here.
  void ignore(std::initializer_list<std::string_view> names);
  /// The first complaint, or that an attribute was never asked for: what is not understood must not be skipped.
  Status finish() const;

 private:
  const AttributeProto* find(std::string_view name) const;
  /// The attribute, noted as read; nullptr when absent or not of this type.
  const AttributeProto* take(std::string_view name, AttributeProto::AttributeType type, const char* type_name);
  void complain(Error error);
  void complain_word(std::string_view name, const std::string& word);

  const NodeProto* node_;
  std::set<std::string, std::less<>> asked_;
  Status complaint_;
};

}  // namespace quern::onnx
