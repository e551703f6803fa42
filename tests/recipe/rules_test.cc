#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quern/quantize.h"

namespace quern {
namespace {

using testing::HasSubstr;

std::string complaint(const std::string& text) {
  const auto rules = parse_rules(text, "r.json");
  if (rules.ok()) return "";
  EXPECT_EQ(rules.error().code, ErrorCode::invalid_file);
  EXPECT_EQ(rules.error().file, "r.json");
  return rules.error().message;
}

std::string of_rule(const std::string& rule) {
  return complaint(R"({"rules": [{"kind": "Conv", "keep": "float"}, )" + rule + "]}");
}

TEST(Rules, AreReadInOrder) {
  const auto rules = parse_rules(R"({"rules": [
    {"kind": "Sigmoid", "range": [0, 1], "if_present": true},
    {"match": "/head/.*", "calibration": "percentile=99.5", "weights": "per-tensor"},
    {"name": "/conv", "keep": "int8", "methods": {"bias-correct": false, "round": true}},
    {"value": "x", "calibration": "minmax"}]})",
                                 "r.json");
  ASSERT_TRUE(rules.ok()) << rules.error().message;
  ASSERT_EQ(rules->size(), 4);
  EXPECT_EQ((*rules)[0].selector, QuantizeRule::Selector::kind);
  EXPECT_EQ((*rules)[0].word, "Sigmoid");
  EXPECT_EQ((*rules)[0].range, std::pair(0.0F, 1.0F));
  EXPECT_TRUE((*rules)[0].if_present);
  EXPECT_EQ((*rules)[1].calibration, Calibration::percentile);
  EXPECT_EQ((*rules)[1].percentile, 99.5);
  EXPECT_EQ((*rules)[1].weights_per_channel, false);
  EXPECT_EQ((*rules)[2].keep_float, false);
  EXPECT_EQ((*rules)[2].correct_bias, false);
  EXPECT_EQ((*rules)[2].round, true);
  EXPECT_EQ((*rules)[3].selector, QuantizeRule::Selector::value);
  EXPECT_EQ((*rules)[3].where, "rule 4 of 'r.json'");
}

TEST(Rules, AFileThatIsNoRecipeIsRefusedWithItsPlace) {
  EXPECT_THAT(complaint("{\n  \"rules\": [}"), HasSubstr("line 2, column 13 of 'r.json': this is not JSON"));
  EXPECT_THAT(complaint("[]"), HasSubstr("is no recipe"));
  EXPECT_THAT(complaint("{\"rules\": {}}"), HasSubstr("is no recipe"));
  EXPECT_THAT(complaint("{\"rules\": [], \"ruels\": []}"), HasSubstr("has a key 'ruels'"));
}

TEST(Rules, ASlipIsNamedWithItsRule) {
  const std::pair<const char*, const char*> rows[] = {
      {"5", "rule 2 of 'r.json' is not an object"},
      {R"({"kind": "Conv", "kepe": "float"})", "a key 'kepe' that is none; did you mean 'keep'?"},
      {R"({"keep": "float"})", "selects nothing"},
      {R"({"kind": "Conv"})", "chooses nothing"},
      {R"({"kind": "Conv", "name": "a", "keep": "float"})", "selects twice"},
      {R"({"kind": 3, "keep": "float"})", "no text for 'kind'"},
      {R"({"match": "(", "keep": "float"})", "not a regular expression"},
      {R"({"kind": "Conv", "keep": "int4"})", "keep: \"int4\""},
      {R"({"kind": "Conv", "calibration": "auto"})", "calibration: \"auto\""},
      {R"({"kind": "Conv", "calibration": "mse=3"})", "calibration: \"mse=3\""},
      {R"({"kind": "Conv", "calibration": "percentile=5"})", "above 50"},
      {R"({"kind": "Conv", "range": [1]})", "give [LOW, HIGH]"},
      {R"({"kind": "Conv", "range": [1, 2]})", "0 must be exact"},
      {R"({"kind": "Conv", "range": [0, 0]})", "they differ"},
      {R"({"kind": "Conv", "range": [0, 1e99]})", "range"},
      {R"({"kind": "Conv", "weights": 8})", "weights: 8"},
      {R"({"kind": "Conv", "methods": {"equalize": false}})", "channels hang together"},
      {R"({"kind": "Conv", "methods": {"rund": false}})", "'rund' is none"},
      {R"({"kind": "Conv", "methods": {"round": 1}})", "not true or false"},
      {R"({"value": "x", "keep": "float"})", "selects a value"},
      {R"({"kind": "Conv", "range": [0, 1], "calibration": "mse"})", "a range and a calibration"},
  };
  for (const auto& [rule, sentence] : rows) {
    EXPECT_THAT(of_rule(rule), HasSubstr(sentence)) << rule;
    EXPECT_THAT(of_rule(rule), HasSubstr("rule 2 of 'r.json'")) << rule;
  }
}

}  // namespace
}  // namespace quern
