#include "recipe/ax620/selector.h"

namespace quern::ax620 {

namespace {

std::string escaped(const std::string& name) {
  std::string pattern;
  for (char c : name) {
    if (std::string_view(R"(^$\.*+?()[]{}|)").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

}  // namespace

Result<std::string> pattern_of(const Selector& selector, const Node& item) {
  if (selector.has_op_name() && selector.has_op_name_regex())
    return item.child("selector").error(ErrorCode::invalid_file, "op_name_regex", "stands beside op_name: give one");
  if (selector.has_op_name()) return escaped(selector.op_name());
  if (!selector.has_op_name_regex()) return std::string(".*");
  try {
    const std::regex tried(selector.op_name_regex());
  } catch (const std::regex_error&) {
    return item.child("selector")
        .error(ErrorCode::invalid_file, "op_name_regex",
               fmt::format("'{}' is not a regular expression", selector.op_name_regex()));
  }
  return selector.op_name_regex();
}

Result<std::regex> regex_of(const Selector& selector, const Node& item) {
  QUERN_TRY(const std::string pattern, pattern_of(selector, item));
  return std::regex(pattern);
}

}  // namespace quern::ax620
