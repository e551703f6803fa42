#include "measure/calibrate/carried.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "graph/infer.h"
#include "graph/text.h"
#include "graph/verify.h"
#include "measure/noise_samples.h"
#include "quern/quantize.h"

namespace quern {
namespace {

/// One channel, as it would be observed.
Observation observed(const std::vector<float>& numbers) {
  Observation seen;
  const auto [low, high] = std::ranges::minmax(numbers);
  seen.range = seen.mean_range = {low, high};
  seen.channels = {seen.range};
  seen.histograms = {{seen.range, std::vector<double>(Histogram::kBins, 0), 0}};
  seen.histograms[0].add(numbers);
  return seen;
}

std::vector<float> gaussian(float mean, float deviation) {
  std::mt19937 random(7);
  std::vector<float> numbers;
  for (int i = 0; i < 20000; ++i) {
    const double u = (static_cast<double>(random()) + 1) / 4294967297.0;
    const double v = static_cast<double>(random()) / 4294967296.0;
    const double normal = std::sqrt(-2 * std::log(u)) * std::cos(6.283185307179586 * v);
    numbers.push_back(std::max(0.0F, mean + deviation * static_cast<float>(normal)));
  }
  return numbers;
}

TEST(Carried, IsTheMeanLessThreeDeviations) {
  EXPECT_NEAR(carried({observed(gaussian(10, 1))})[0][0], 7, 0.2F);
}

TEST(Carried, IsNothingOfAChannelThatReachesZero) {
  EXPECT_EQ(carried({observed(gaussian(2, 1))})[0][0], 0);
}

TEST(Carried, IsNothingOfAChannelThatIsOftenZeroWhateverItsMean) {
  std::vector<float> numbers(1000, 10);
  for (size_t i = 0; i < 50; ++i) numbers[i] = 0;  // mean - 3 std is 2.96
  EXPECT_LT(carried({observed(numbers)})[0][0], 0.01F);
}

TEST(Carried, IsAllOfAConstantChannel) {
  EXPECT_EQ(carried({observed({4, 4, 4})})[0][0], 4);
}

TEST(Lowered, IsWhatWouldHaveBeenSeen) {
  std::vector<float> numbers = gaussian(10, 1);
  numbers.push_back(1);
  const float offset = 7;
  const Observation seen = lowered(observed(numbers), std::vector<float>{offset});
  for (float& v : numbers) v = std::max(0.0F, v - offset);
  const Observation wish = observed(numbers);
  EXPECT_EQ(seen.range.low, 0);
  EXPECT_NEAR(seen.range.high, wish.range.high, 1e-5F);
  EXPECT_NEAR(seen.histograms[0].zeros, wish.histograms[0].zeros, 10);
  double counted = 0;
  double below_three = 0;
  double wished = 0;
  const Histogram& own = seen.histograms[0];
  for (size_t i = 0; i < own.counts.size(); ++i) {
    counted += own.counts[i];
    if (own.range.low + static_cast<double>(i) * own.width() < 3) below_three += own.counts[i];
  }
  for (float v : numbers) wished += v < 3 ? 1 : 0;
  EXPECT_EQ(counted, static_cast<double>(numbers.size()));
  EXPECT_NEAR(below_three, wished, 0.01 * wished);
}

/// The channels of `a` lie high above 0: most of its codes are spent on what never changes.
Model lifted_network(const char* clamp) {
  const std::string text = fmt::format(R"(graph "lifted" {{
    input %x : float32[1,8,8,3]
    const %w : float32[8,3,3,3] = random 1
    const %wb : float32[8] = [40, 50, 45, 40, 55, 60, 50, 42]
    const %v : float32[8,1,1,8] = random 3
    const %vb : float32[8] = [1, 2, 3, 4, 5, 6, 7, 8]
    const %u : float32[4,1,1,8] = random 4
    const %ub : float32[4] = [0, 0, 0, 0]
    %a = Conv(%x, %w, %wb) {{pads=[1,1,1,1], clamp={0}}}
    %b = Conv(%a, %v, %vb) {{clamp={0}}}
    %y = Conv(%b, %u, %ub)
    output %y
  }})",
                                       clamp);
  auto graph = parse_text(text);
  EXPECT_TRUE(graph.ok() && infer(*graph).ok() && verify(*graph).ok());
  return {*std::move(graph), {}};
}

/// Whether two models are the same to the last constant.
bool same(const Model& a, const Model& b) {
  if (graph_text(a) != graph_text(b)) return false;
  return std::ranges::equal(a.graph().values, b.graph().values, [](const Value& x, const Value& y) {
    if (x.constant.has_value() != y.constant.has_value()) return false;
    return !x.constant ||
           (x.constant->bytes() == y.constant->bytes() &&
            std::memcmp(x.constant->raw(), y.constant->raw(), static_cast<size_t>(x.constant->bytes())) == 0);
  });
}

const MethodRow& method(const QuantizeResult& result, const std::string& name) {
  return *std::ranges::find(result.methods, name, &MethodRow::name);
}

size_t absorb_lines(const QuantizationTable& table) {
  return static_cast<size_t>(std::ranges::count(table.rows, TableRow::Kind::absorb, &TableRow::kind));
}

TEST(QuantizeAbsorbing, GainsWhereChannelsLieHighAboveZero) {
  QuantizeOptions options;
  options.equalize = options.correct_bias = options.round = false;
  const auto result = quantize(lifted_network("[0, inf]"), test::noise_samples(12), options);
  ASSERT_TRUE(result.ok()) << result.error().message;
  const MethodRow& row = method(*result, "absorb");
  EXPECT_GT(row.sqnr_db_after, row.sqnr_db_before + 1);
  EXPECT_GE(absorb_lines(result->table), 1U);
}

TEST(QuantizeAbsorbing, IsLeftOutWhereNothingCanBeAbsorbed) {
  const auto result = quantize(lifted_network("[0, 100]"), test::noise_samples(12), {});
  ASSERT_TRUE(result.ok()) << result.error().message;
  const MethodRow& row = method(*result, "absorb");
  EXPECT_EQ(row.sqnr_db_after, row.sqnr_db_before);
  for (const TableRow& line : result->table.rows) EXPECT_FALSE(line.kind == TableRow::Kind::absorb && line.name == "a");
}

/// A bias that is found anew must hold what was absorbed.
TEST(QuantizeAbsorbing, ItsTableMakesTheSameModelAndKeepsOffsetsWithoutBiases) {
  const Model model = lifted_network("[0, inf]");
  QuantizeOptions options;
  options.correct_bias = false;
  const auto first = quantize(model, test::noise_samples(12), options);
  ASSERT_TRUE(first.ok()) << first.error().message;
  ASSERT_GE(absorb_lines(first->table), 1U);
  options.table = *parse_table(table_text(first->table), "t.txt");
  const auto again = quantize(model, {}, options);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_TRUE(same(again->model, first->model));
  EXPECT_EQ(table_text(again->table), table_text(first->table));
  std::erase_if(options.table->rows, [](const TableRow& row) { return row.kind == TableRow::Kind::bias; });
  const auto unbiased = quantize(model, {}, options);
  ASSERT_TRUE(unbiased.ok()) << unbiased.error().message;
  EXPECT_TRUE(same(unbiased->model, first->model));
}

TEST(QuantizeAbsorbing, RefusesATableThatTakesOffsetsWhereNoBiasTakesThemUp) {
  const auto whole = quantize(lifted_network("[0, 100]"), test::noise_samples(12), {});
  ASSERT_TRUE(whole.ok());
  QuantizeOptions options;
  options.table = *parse_table(table_text(whole->table) + "absorb a 1 1 1 1 1 1 1 1\n", "t.txt");
  const auto result = quantize(lifted_network("[0, 100]"), test::noise_samples(12), options);
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message.find("nothing can be taken off 'a'"), std::string::npos) << result.error().message;
}

}  // namespace
}  // namespace quern
