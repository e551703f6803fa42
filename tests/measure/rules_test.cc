// Rules as an option of quantize.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "graph/infer.h"
#include "graph/text.h"
#include "graph/verify.h"
#include "measure/noise_samples.h"
#include "quern/quantize.h"

namespace quern {
namespace {

using testing::HasSubstr;

Model network() {
  auto graph = parse_text(R"(graph "test" {
    input %x : float32[1,8,8,3]
    const %w : float32[8,3,3,3] = random 1
    const %b : float32[8] = [0.1, -0.2, 0.3, 0, 0, 0, 0.5, -0.5]
    const %v : float32[8,1,1,8] = random 3
    const %u : float32[4,1,1,8] = random 4
    %a = Conv(%x, %w, %b) {pads=[1,1,1,1]}
    %s = Sigmoid(%a)
    %p = MaxPool(%s) {kernel=[2,2], strides=[2,2]}
    %h = Conv(%p, %v)
    %r = LeakyRelu(%h) {alpha=0.1}
    %y = Conv(%r, %u)
    output %y
  })");
  EXPECT_TRUE(graph.ok() && infer(*graph).ok() && verify(*graph).ok());
  return {*std::move(graph), {}};
}

Result<QuantizeResult> by_rules(const std::string& rules) {
  QuantizeOptions options;
  options.equalize = options.absorb = options.correct_bias = options.round = false;
  options.calibration = Calibration::minmax;
  auto parsed = parse_rules("{\"rules\": [" + rules + "]}", "r.json");
  if (!parsed.ok()) return parsed.status();
  options.rules = *std::move(parsed);
  return quantize(network(), test::noise_samples(2), options);
}

std::string complaint(const std::string& rules) {
  const auto result = by_rules(rules);
  return result.ok() ? "" : result.error().message;
}

/// The row of the resulting table.
TableRow row(const Result<QuantizeResult>& result, TableRow::Kind kind, const std::string& name) {
  EXPECT_TRUE(result.ok()) << result.error().message;
  const auto& rows = result->table.rows;
  const auto found = std::ranges::find_if(rows, [&](const TableRow& r) { return r.kind == kind && r.name == name; });
  EXPECT_NE(found, rows.end()) << name;
  return found == rows.end() ? TableRow{} : *found;
}

float scale(const Result<QuantizeResult>& result, const std::string& value) {
  return row(result, TableRow::Kind::value, value).numbers.at(0);
}

TEST(QuantizeByRules, FixesRangesByKind) {
  const auto result = by_rules(R"({"kind": "Sigmoid", "range": [0, 1]})");
  EXPECT_FLOAT_EQ(scale(result, "s"), 1.0F / 255);
  EXPECT_FLOAT_EQ(scale(result, "p"), 1.0F / 255) << "tied to it";
}

TEST(QuantizeByRules, FixesARangeBehindTheActivation) {
  const auto result = by_rules(R"({"name": "h", "range": [-1, 2]})");
  EXPECT_FLOAT_EQ(scale(result, "r"), 3.0F / 255);
}

TEST(QuantizeByRules, FixesTheRangeOfAnInput) {
  EXPECT_FLOAT_EQ(scale(by_rules(R"({"value": "x", "range": [0, 2]})"), "x_quantized"), 2.0F / 255);
}

TEST(QuantizeByRules, LaterRulesOverrideEarlierOnes) {
  const auto result = by_rules(R"({"match": ".*", "range": [0, 9]}, {"name": "s", "range": [0, 1]})");
  EXPECT_FLOAT_EQ(scale(result, "s"), 1.0F / 255);
  EXPECT_FLOAT_EQ(scale(result, "r"), 9.0F / 255);
}

TEST(QuantizeByRules, ChoosesHowARangeIsFound) {
  const auto plain = by_rules(R"({"name": "a", "methods": {"round": false}})");
  const auto cut = by_rules(R"({"name": "h", "calibration": "percentile=60"})");
  EXPECT_LT(scale(cut, "r"), 0.8F * scale(plain, "r"));
  EXPECT_EQ(scale(cut, "s"), scale(plain, "s"));
}

TEST(QuantizeByRules, ChoosesTheScalesOfWeights) {
  const auto result = by_rules(R"({"name": "h", "weights": "per-tensor"})");
  EXPECT_EQ(row(result, TableRow::Kind::weights, "v_quantized").numbers.size(), 1);
  EXPECT_EQ(row(result, TableRow::Kind::weights, "u_quantized").numbers.size(), 4);
}

TEST(QuantizeByRules, SwitchesMethodsForOneOperator) {
  const auto plain = by_rules(R"({"name": "s", "range": [0, 1]})");
  const auto corrected =
      by_rules(R"({"name": "s", "range": [0, 1]}, {"name": "h", "methods": {"bias-correct": true}})");
  EXPECT_NE(row(plain, TableRow::Kind::bias, "h_bias_quantized").numbers,
            row(corrected, TableRow::Kind::bias, "h_bias_quantized").numbers);
  EXPECT_EQ(row(plain, TableRow::Kind::bias, "b_quantized").numbers,
            row(corrected, TableRow::Kind::bias, "b_quantized").numbers);
}

TEST(QuantizeByRules, KeepsOperatorsFloat) {
  const auto result = by_rules(R"({"kind": "Conv", "keep": "float"}, {"name": "h", "keep": "int8"})");
  EXPECT_EQ(row(result, TableRow::Kind::keep_float, "a").name, "a");
  EXPECT_EQ(row(result, TableRow::Kind::weights, "v_quantized").numbers.size(), 8);
}

TEST(QuantizeByRules, RefusesWhatSelectsOrChangesNothing) {
  EXPECT_THAT(complaint(R"({"kind": "Sigmod", "range": [0, 1]})"),
              HasSubstr("rule 1 of 'r.json' selects no operator: none has the kind 'Sigmod'; did you mean 'Sigmoid'?"));
  EXPECT_THAT(complaint(R"({"name": "q", "keep": "float"})"), HasSubstr("selects no operator"));
  EXPECT_THAT(complaint(R"({"value": "q", "range": [0, 1]})"), HasSubstr("selects no value: the model has no 'q'"));
  EXPECT_THAT(complaint(R"({"kind": "Sigmoid", "weights": "per-tensor"})"), HasSubstr("changes nothing"));
  EXPECT_EQ(complaint(R"({"kind": "Softmax", "range": [0, 1], "if_present": true})"), "");
}

TEST(QuantizeByRules, RefusesContradictionsOfTiedValues) {
  EXPECT_THAT(
      complaint(R"({"name": "s", "range": [0, 1]}, {"name": "p", "range": [0, 2]})"),
      HasSubstr("rule 2 of 'r.json' and rule 1 of 'r.json' choose differently for values that an operator ties"));
}

}  // namespace
}  // namespace quern
