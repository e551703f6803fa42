#include "measure/patterns.h"

#include "base/error.h"

namespace quern {

Result<std::vector<std::regex>> patterns(const std::vector<std::string>& texts) {
  std::vector<std::regex> compiled;
  for (const std::string& text : texts) {
    try {
      compiled.emplace_back(text);
    } catch (const std::regex_error&) {
      return fail(ErrorCode::invalid_argument, "'{}' is not a regular expression", text);
    }
  }
  return compiled;
}

}  // namespace quern
