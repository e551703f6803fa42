// Rules from JSON. Names are matched with a model later.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <regex>

#include "base/error.h"
#include "base/spelling.h"
#include "quern/file.h"
#include "quern/quantize.h"

namespace quern {

namespace {

using Json = nlohmann::ordered_json;

Error about_file(const std::string& path, std::string sentence) {
  Error error{ErrorCode::invalid_file, std::move(sentence)};
  error.file = path;
  return error;
}

/// Where a byte stands, counted from 1.
std::string place_of(const std::string& text, size_t byte) {
  const std::string before = text.substr(0, std::min(byte, text.size()));
  const auto line = std::ranges::count(before, '\n') + 1;
  const size_t start = before.rfind('\n');
  return fmt::format("line {}, column {}", line, before.size() - (start == std::string::npos ? 0 : start + 1) + 1);
}

constexpr std::pair<const char*, Calibration> kCalibrations[] = {
    {"minmax", Calibration::minmax},
    {"moving-average", Calibration::moving_average},
    {"percentile", Calibration::percentile},
    {"entropy", Calibration::entropy},
    {"mse", Calibration::mse},
};

constexpr std::pair<const char*, QuantizeRule::Selector> kSelectors[] = {
    {"kind", QuantizeRule::Selector::kind},
    {"name", QuantizeRule::Selector::name},
    {"match", QuantizeRule::Selector::match},
    {"value", QuantizeRule::Selector::value},
};

class RuleParser {
 public:
  RuleParser(const Json& json, size_t number, const std::string& path)
      : json_(json), where_(fmt::format("rule {} of '{}'", number, path)), path_(path) {}

  Result<QuantizeRule> parse() {
    rule_.where = where_;
    if (!json_.is_object()) return complain("is not an object {{…}}");
    for (const auto& [key, value] : json_.items()) QUERN_CHECK(take(key, value));
    if (!selected_) return complain("selects nothing: give kind, name, match or value");
    const bool chooses = rule_.keep_float || rule_.calibration || rule_.range || rule_.weights_per_channel ||
                         rule_.correct_bias || rule_.round;
    if (!chooses) return complain("chooses nothing: give keep, calibration, range, weights or methods");
    return check();
  }

 private:
  template <typename... Args>
  Error complain(fmt::format_string<Args...> sentence, Args&&... args) const {
    return about_file(path_, fmt::format("{} {}", where_, fmt::format(sentence, std::forward<Args>(args)...)));
  }

  struct Key {
    const char* name;
    Status (RuleParser::*take)(const Json& value);
  };
  static constexpr int kKeys = 6;
  static const Key* keys();

  Status take(const std::string& key, const Json& value) {
    for (const auto& [name, selector] : kSelectors) {
      if (key == name) return select(name, selector, value);
    }
    for (int i = 0; i < kKeys; ++i) {
      if (key == keys()[i].name) return (this->*keys()[i].take)(value);
    }
    std::vector<std::string> known;
    for (const auto& [name, selector] : kSelectors) known.emplace_back(name);
    for (int i = 0; i < kKeys; ++i) known.emplace_back(keys()[i].name);
    return complain("has a key '{}' that is none; did you mean '{}'? (known: {})", key, nearest_word(key, known),
                    fmt::join(known, ", "));
  }

  Status select(const char* name, QuantizeRule::Selector selector, const Json& value) {
    if (selected_) return complain("selects twice: one of kind, name, match and value is enough");
    if (!value.is_string()) return complain("has no text for '{}': {}", name, value.dump());
    selected_ = true;
    rule_.selector = selector;
    rule_.word = value.get<std::string>();
    if (selector != QuantizeRule::Selector::match) return {};
    try {
      const std::regex tried(rule_.word);
    } catch (const std::regex_error&) {
      return complain("has '{}', which is not a regular expression", rule_.word);
    }
    return {};
  }

  Status keep(const Json& value) {
    if (value == "float") rule_.keep_float = true;
    if (value == "int8") rule_.keep_float = false;
    return rule_.keep_float ? Status{} : complain("has keep: {}; known are \"float\" and \"int8\"", value.dump());
  }

  Status calibration(const Json& value) {
    const std::string text = value.is_string() ? value.get<std::string>() : "";
    const size_t equals = text.find('=');
    for (const auto& [name, method] : kCalibrations) {
      if (text.substr(0, equals) == name) rule_.calibration = method;
    }
    if (!rule_.calibration || (equals != std::string::npos && rule_.calibration != Calibration::percentile))
      return complain("has calibration: {}; known are minmax, moving-average, percentile[=P], entropy and mse",
                      value.dump());
    if (equals == std::string::npos) return {};
    char* end = nullptr;
    rule_.percentile = std::strtod(text.c_str() + equals + 1, &end);
    if (*end == 0 && rule_.percentile > 50 && rule_.percentile <= 100) return {};
    return complain("has calibration: {}; a percentile is above 50 and up to 100", value.dump());
  }

  Status range(const Json& value) {
    const bool two = value.is_array() && value.size() == 2 && value[0].is_number() && value[1].is_number();
    if (!two) return complain("has range: {}; give [LOW, HIGH]", value.dump());
    rule_.range = {value[0].get<float>(), value[1].get<float>()};
    const auto [low, high] = *rule_.range;
    if (std::isfinite(low) && std::isfinite(high) && low <= 0 && high >= 0 && low < high) return {};
    return complain("has range: {}; LOW is 0 or below, HIGH 0 or above, and they differ: 0 must be exact",
                    value.dump());
  }

  Status weights(const Json& value) {
    if (value != "per-channel" && value != "per-tensor")
      return complain("has weights: {}; known are \"per-channel\" and \"per-tensor\"", value.dump());
    rule_.weights_per_channel = value == "per-channel";
    return {};
  }

  Status methods(const Json& value) {
    if (!value.is_object()) return complain("has methods: {}; give {{\"round\": false}} or the like", value.dump());
    for (const auto& [name, on] : value.items()) {
      if (!on.is_boolean()) return complain("has methods: '{}' is {}, not true or false", name, on.dump());
      if (name == "bias-correct") {
        rule_.correct_bias = on.get<bool>();
      } else if (name == "round") {
        rule_.round = on.get<bool>();
      } else if (name == "equalize" || name == "absorb") {
        return complain("has methods: {} is of the whole model, since channels hang together: use --methods", name);
      } else {
        return complain("has methods: '{}' is none of bias-correct and round", name);
      }
    }
    return {};
  }

  Status if_present(const Json& value) {
    if (!value.is_boolean()) return complain("has if_present: {}, not true or false", value.dump());
    rule_.if_present = value.get<bool>();
    return {};
  }

  Result<QuantizeRule> check() {
    const bool of_operators = rule_.keep_float || rule_.weights_per_channel || rule_.correct_bias || rule_.round;
    if (rule_.selector == QuantizeRule::Selector::value && of_operators)
      return complain("selects a value, which has a range or a calibration; the rest is of operators");
    if (rule_.calibration && rule_.range)
      return complain("has a range and a calibration: a fixed range is not measured");
    return rule_;
  }

  const Json& json_;
  std::string where_;
  const std::string& path_;
  bool selected_ = false;
  QuantizeRule rule_;
};

const RuleParser::Key* RuleParser::keys() {
  static constexpr Key kRows[kKeys] = {
      {"keep", &RuleParser::keep},       {"calibration", &RuleParser::calibration},
      {"range", &RuleParser::range},     {"weights", &RuleParser::weights},
      {"methods", &RuleParser::methods}, {"if_present", &RuleParser::if_present},
  };
  return kRows;
}

Result<Json> json_of(const std::string& text, const std::string& path) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& slip) {
    return about_file(path,
                      fmt::format("{} of '{}': this is not JSON", place_of(text, slip.byte - (slip.byte > 0)), path));
  }
}

}  // namespace

Result<std::vector<QuantizeRule>> parse_rules(const std::string& text, const std::string& path) {
  QUERN_TRY(const Json json, json_of(text, path));
  if (!json.is_object() || !json.contains("rules") || !json["rules"].is_array())
    return about_file(path, fmt::format("'{}' is no recipe: {{\"rules\": [ … ]}} is what one looks like", path));
  for (const auto& [key, value] : json.items()) {
    if (key != "rules") return about_file(path, fmt::format("'{}' has a key '{}' beside \"rules\"", path, key));
  }
  std::vector<QuantizeRule> rules;
  for (const Json& item : json["rules"]) {
    QUERN_TRY(QuantizeRule rule, RuleParser(item, rules.size() + 1, path).parse());
    rules.push_back(std::move(rule));
  }
  return rules;
}

Result<std::vector<QuantizeRule>> read_rules(const std::string& path) {
  QUERN_TRY(const auto bytes, read_file(path));
  return parse_rules({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path);
}

}  // namespace quern
