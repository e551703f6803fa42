// A limit held by keeping operators out of 8 bits.
#include <gtest/gtest.h>

#include <filesystem>

#include "graph/infer.h"
#include "graph/text.h"
#include "graph/verify.h"
#include "quern/file.h"
#include "quern/quantize.h"

namespace quern {
namespace {

Model model_of(const std::string& text) {
  auto graph = parse_text("graph \"test\" {\n" + text + "}\n");
  EXPECT_TRUE(graph.ok() && infer(*graph).ok() && verify(*graph).ok());
  return {*std::move(graph), {}};
}

/// Six layers, every second of which gives a last channel that is always 0. `bad1` and `bad2` multiply that channel by
/// a weight so great that one scale for all weights rounds the others to nothing: only float weights mend that.
Model planted() {
  return model_of(R"(
    input %x : float32[1,8,8,4]
    const %w1 : float32[4,1,1,4] = [0.5, 0.2, -0.3, 0.4,  -0.1, 0.6, 0.3, 0.2,  0.3, -0.4, 0.5, 0.1,  0, 0, 0, 0]
    const %w2 : float32[4,1,1,4] = [0.3, 0.2, -0.1, 900,  0.1, 0.2, -0.3, 900,  0.3, -0.1, 0.2, 900,  -0.2, 0.3, 0.1, 900]
    const %w3 : float32[4,3,3,4] = random 3
    const %w4 : float32[4,1,1,4] = [0.4, 0.1, -0.3, 0.2,  0.2, 0.5, 0.1, -0.3,  -0.3, 0.2, 0.4, 0.1,  0, 0, 0, 0]
    const %w5 : float32[4,1,1,4] = [0.2, -0.2, 0.1, 900,  -0.1, 0.3, 0.2, 900,  0.2, 0.2, 0.2, 900,  0.3, -0.3, 0.1, 900]
    const %w6 : float32[4,1,1,4] = random 6
    %a = Conv(%x, %w1) name="good1"
    %b = Conv(%a, %w2) name="bad1"
    %c = Conv(%b, %w3) {pads=[1,1,1,1]} name="good2"
    %d = Conv(%c, %w4) name="good3"
    %e = Conv(%d, %w5) name="bad2"
    %y = Conv(%e, %w6) name="good4"
    output %y
  )");
}

Tensor sample(int64_t seed) {
  Tensor tensor = *Tensor::make(DType::float32, {1, 8, 8, 4});
  auto state = static_cast<uint32_t>(seed * 7919 + 1);
  for (float& v : tensor.mutable_data<float>()) {
    state = state * 1664525U + 1013904223U;
    v = static_cast<float>(state >> 8) / 16777216.0F;
  }
  return tensor;
}

CalibrationData data(int64_t count) {
  return {count, [](int64_t i) -> Result<std::vector<Tensor>> { return std::vector<Tensor>{sample(i)}; }};
}

/// One scale for all weights of a layer, so that the plants hurt.
QuantizeOptions limited(double most) {
  QuantizeOptions options;
  options.weights_per_channel = false;
  options.equalize = false;
  options.max_drop = DropLimit{};
  options.max_drop->most = most;
  return options;
}

std::string path_of(const std::string& name) {
  const std::string path = testing::TempDir() + "quern_drop_" + name;
  std::filesystem::remove(path);
  return path;
}

const DropTrial& chosen(const QuantizeResult& result) {
  return result.drop->pareto[result.drop->chosen];
}

TEST(MaxDrop, KeepsNothingWhereEightBitsHoldTheLimit) {
  const auto result = quantize(planted(), data(9), limited(100));
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_TRUE(result->drop->met);
  EXPECT_EQ(chosen(*result).kept(), 0);
  EXPECT_TRUE(result->kept_float.empty());
  EXPECT_TRUE(result->kept_int16.empty());
}

TEST(MaxDrop, FindsThePlantedLayers) {
  QuantizeOptions options = limited(0);
  options.max_drop.reset();
  const auto plain = quantize(planted(), data(9), options);
  ASSERT_TRUE(plain.ok());
  const double without = 100 * plain->outputs[0].relative_l2;
  const auto result = quantize(planted(), data(9), limited(without / 4));
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_TRUE(result->drop->met);
  EXPECT_LE(100 * result->outputs[0].relative_l2, without / 4);
  EXPECT_LE(chosen(*result).kept(), 2);
  EXPECT_EQ(result->kept_float, chosen(*result).kept_float);
  for (const std::string& name : result->kept_float) EXPECT_TRUE(name.starts_with("bad")) << name;
  EXPECT_FALSE(result->kept_float.empty());
}

TEST(MaxDrop, ListsModelsThatNoOtherBeats) {
  const auto result = quantize(planted(), data(9), limited(1));
  ASSERT_TRUE(result.ok()) << result.error().message;
  const auto& list = result->drop->pareto;
  ASSERT_GE(list.size(), 2U);
  EXPECT_EQ(list[0].kept(), 0);
  for (size_t i = 1; i < list.size(); ++i) {
    EXPECT_GE(list[i].kept(), list[i - 1].kept());
    EXPECT_LT(list[i].drop, list[i - 1].drop);
  }
  for (size_t i = 0; i < result->drop->chosen; ++i) EXPECT_GT(list[i].drop, 1);
}

TEST(MaxDrop, SaysWhenNothingHoldsTheLimit) {
  const auto result = quantize(planted(), data(9), limited(0));
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_FALSE(result->drop->met);
  EXPECT_EQ(result->drop->chosen, result->drop->pareto.size() - 1);
}

TEST(MaxDrop, JudgesByTheSamplesThatMadeItWhereTheyAreFew) {
  const auto result = quantize(planted(), data(2), limited(2));
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_TRUE(result->drop->met);
}

TEST(MaxDrop, GoesOnWhereALedgerEnds) {
  QuantizeOptions options = limited(1);
  options.max_drop->ledger = path_of("resume");
  const auto first = quantize(planted(), data(9), options);
  const auto again = quantize(planted(), data(9), options);
  ASSERT_TRUE(first.ok() && again.ok());
  EXPECT_EQ(first->drop->remembered, 0);
  EXPECT_EQ(again->drop->remembered, again->drop->tried);
  EXPECT_GT(again->drop->tried, 2);
  EXPECT_EQ(graph_text(first->model), graph_text(again->model));
}

TEST(MaxDrop, UsesALedgerForAnotherLimit) {
  QuantizeOptions options = limited(1);
  options.max_drop->ledger = path_of("limit");
  ASSERT_TRUE(quantize(planted(), data(9), options).ok());
  options.max_drop->most = 2;
  const auto other = quantize(planted(), data(9), options);
  ASSERT_TRUE(other.ok());
  EXPECT_GT(other->drop->remembered, 0);
}

TEST(MaxDrop, RefusesALedgerOfOtherSamplesOrOptions) {
  QuantizeOptions options = limited(1);
  options.max_drop->ledger = path_of("refused");
  ASSERT_TRUE(quantize(planted(), data(9), options).ok());
  EXPECT_FALSE(quantize(planted(), data(8), options).ok());
  options.correct_bias = false;
  const auto refused = quantize(planted(), data(9), options);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
}

/// A measure that only looks at which layers have 8-bit weights: each costs a point, `bad2` ten.
Result<double> points(const Model& model) {
  double sum = 90;
  for (const OperatorInfo& op : model.operators()) {
    for (const ValueInfo& value : model.values()) {
      if (op.kind == "Conv" && value.name == op.inputs[1] && value.dtype == DType::int8)
        sum -= op.name == "bad2" ? 10 : 1;
    }
  }
  return sum;
}

TEST(MaxDrop, HoldsATaskMetric) {
  QuantizeOptions options = limited(6);
  options.max_drop->metric = "points";
  options.max_drop->measure = points;
  const auto result = quantize(planted(), data(9), options);
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(*result->drop->reference, 90);
  EXPECT_TRUE(result->drop->met);
  EXPECT_EQ(chosen(*result).kept_float, std::vector<std::string>{"bad2"});
  EXPECT_TRUE(chosen(*result).int16.empty()) << "16 bits do nothing for this measure";
  EXPECT_EQ(chosen(*result).measured, 85);
  EXPECT_EQ(chosen(*result).drop, 5);
}

TEST(MaxDrop, PassesOnWhatTheMeasureCannotDo) {
  QuantizeOptions options = limited(6);
  options.max_drop->measure = [](const Model&) -> Result<double> { return Error{ErrorCode::io, "no pictures"}; };
  const auto result = quantize(planted(), data(9), options);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message, "no pictures");
}

TEST(MaxDrop, KeepsWhatAFullIntegerModelCanKeep) {
  QuantizeOptions options = limited(3);
  options.full_integer = true;
  const auto result = quantize(planted(), data(9), options);
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_TRUE(result->kept_int16.empty());
  for (const DropTrial& trial : result->drop->pareto) EXPECT_TRUE(trial.int16.empty());
}

TEST(MaxDrop, LeavesRulesNothingToChange) {
  QuantizeOptions options = limited(1);
  QuantizeRule rule;
  rule.selector = QuantizeRule::Selector::name;
  rule.word = "bad1";
  rule.round = false;
  options.rules = {rule};
  const auto result = quantize(planted(), data(9), options);
  EXPECT_TRUE(result.ok()) << result.error().message;
}

TEST(MaxDrop, ContradictsATable) {
  QuantizeOptions options = limited(1);
  options.table = QuantizationTable{"t.txt", {}};
  const auto result = quantize(planted(), data(9), options);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(result.error().message.find("--table 't.txt'"), std::string::npos);
}

TEST(MaxDrop, NeedsAFloatOutput) {
  const Model model = model_of(R"(
    input %x : float32[1,8,8,4]
    const %w : float32[4,1,1,4] = random 1
    %a = Conv(%x, %w)
    %y = ArgMax(%a) {axis=3}
    output %y
  )");
  const auto result = quantize(model, data(9), limited(1));
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message.find("--labels"), std::string::npos);
}

}  // namespace
}  // namespace quern
