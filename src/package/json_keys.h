// JSON of a package, which comes from outside.
#pragma once

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace quern {

using Json = nlohmann::ordered_json;

/// Takes keys out of an object that may be anything. The first that is not as it should be is remembered.
class Keys {
 public:
  explicit Keys(const Json& object) : object_(object) {}

  template <typename T>
  void take(const char* key, T& into) {
    const auto found = object_.find(key);
    try {
      if (found != object_.end()) return into = found->template get<T>(), void();
    } catch (const Json::exception&) {  // of another type: said below
    }
    if (wrong_.empty()) wrong_ = key;
  }
  bool has(const char* key) const { return object_.find(key) != object_.end(); }
  Keys inside(const char* key) const {
    const auto found = object_.find(key);
    return Keys(found != object_.end() ? *found : kNothing);
  }
  const Json& list(const char* key) const {
    const auto found = object_.find(key);
    return found != object_.end() && found->is_array() ? *found : kNothing;
  }
  const std::string& wrong() const { return wrong_; }

 private:
  inline static const Json kNothing = Json::object();
  const Json& object_;
  std::string wrong_;
};

/// What is wrong with them, as the error of the file.
inline Status complain(const Keys& keys) {
  if (keys.wrong().empty()) return {};
  return fail(ErrorCode::invalid_file, "section 'info': the key '{}' is missing or of the wrong type", keys.wrong());
}

}  // namespace quern
