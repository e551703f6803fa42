// Names from a file, made unique and printable.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace quern::tflite {

/// `text` as it is when it is valid UTF-8 without control characters; else with '?' for every offending byte.
std::string printable(std::string_view text);

/// Gives out every name once.
class Names {
 public:
  /// `wish`, or `wish` with a number behind it when it is taken.
  std::string unique(const std::string& wish);

 private:
  std::unordered_set<std::string> taken_;
  std::unordered_map<std::string, int> next_;
};

}  // namespace quern::tflite
