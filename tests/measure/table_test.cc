// The table as an option of quantize: what one run saved makes the same model in the next.
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
    const %wb : float32[8] = [0.1, -0.2, 0.3, 0, 0, 0, 0.5, -0.5]
    const %d : float32[8,3,3,1] = random 2
    const %v : float32[4,1,1,8] = random 3
    %a = Conv(%x, %w, %wb) {pads=[1,1,1,1], clamp=[0, 6]}
    %b = Conv(%a, %d) {pads=[1,1,1,1], groups=8}
    %c = LeakyRelu(%b) {alpha=0.1}
    %p = MaxPool(%c) {kernel=[2,2], strides=[2,2]}
    %y = Conv(%p, %v)
    output %y
  })");
  EXPECT_TRUE(graph.ok() && infer(*graph).ok() && verify(*graph).ok());
  return {*std::move(graph), {}};
}

/// The rows with numbers on their lines, as a file would give them.
QuantizationTable reread(const QuantizationTable& table) {
  auto again = parse_table(table_text(table), "t.txt");
  EXPECT_TRUE(again.ok()) << again.error().message;
  return *std::move(again);
}

QuantizationTable saved_table(const QuantizeOptions& options = {}) {
  const auto result = quantize(network(), test::noise_samples(2), options);
  EXPECT_TRUE(result.ok()) << result.error().message;
  return reread(result->table);
}

TableRow& row_of(QuantizationTable& table, TableRow::Kind kind, const std::string& name) {
  const auto found =
      std::ranges::find_if(table.rows, [&](const TableRow& r) { return r.kind == kind && r.name == name; });
  EXPECT_NE(found, table.rows.end()) << name;
  return *found;
}

std::string complaint(const QuantizationTable& table, int64_t count = 0) {
  QuantizeOptions options;
  options.table = table;
  const auto result = quantize(network(), test::noise_samples(count), options);
  return result.ok() ? "" : result.error().message;
}

TEST(QuantizeByTable, GivesTheSameModelWithoutSamples) {
  for (const bool equalize : {false, true}) {
    QuantizeOptions options;
    options.equalize = equalize;
    const auto first = quantize(network(), test::noise_samples(2), options);
    ASSERT_TRUE(first.ok()) << first.error().message;
    QuantizeOptions by_table;
    by_table.table = reread(first->table);
    const auto second = quantize(network(), {}, by_table);
    ASSERT_TRUE(second.ok()) << second.error().message;
    EXPECT_EQ(graph_text(second->model), graph_text(first->model));
    EXPECT_EQ(table_text(second->table), table_text(first->table));
    EXPECT_EQ(second->samples, 0);
    EXPECT_TRUE(second->outputs.empty());
  }
}

TEST(QuantizeByTable, SamplesOnlyJudgeACompleteTable) {
  QuantizeOptions options;
  options.table = saved_table();
  const auto without = quantize(network(), {}, options);
  const auto with = quantize(network(), test::noise_samples(3), options);
  ASSERT_TRUE(without.ok() && with.ok());
  EXPECT_EQ(graph_text(with->model), graph_text(without->model));
  ASSERT_EQ(with->outputs.size(), 1);
  EXPECT_GT(with->outputs[0].sqnr_db, 20);
}

TEST(QuantizeByTable, UsesAnEditedScale) {
  QuantizeOptions options;
  options.table = saved_table();
  row_of(*options.table, TableRow::Kind::value, "x_quantized").numbers = {0.5F};
  auto result = quantize(network(), {}, options);
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(row_of(result->table, TableRow::Kind::value, "x_quantized").numbers[0], 0.5F);
}

TEST(QuantizeByTable, CalibratesWhatTheTableDoesNotSay) {
  QuantizeOptions options;
  options.table = saved_table();
  row_of(*options.table, TableRow::Kind::value, "x_quantized").numbers = {0.25F};
  std::erase_if(options.table->rows, [](const TableRow& row) {
    return row.name == "a" || row.name == "d_quantized" || row.name == "b_bias_quantized";
  });
  EXPECT_THAT(complaint(*options.table), HasSubstr("has no line for"));
  auto result = quantize(network(), test::noise_samples(2), options);
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(row_of(result->table, TableRow::Kind::value, "x_quantized").numbers[0], 0.25F);
  EXPECT_GT(row_of(result->table, TableRow::Kind::value, "a").numbers[0], 0);
  EXPECT_EQ(row_of(result->table, TableRow::Kind::weights, "w_quantized").numbers,
            row_of(*options.table, TableRow::Kind::weights, "w_quantized").numbers);
}

TEST(QuantizeByTable, ReproducesWeightsOutsideTheirNearestCodes) {
  QuantizeOptions options;
  options.table = saved_table();
  TableRow moved{TableRow::Kind::rounding, "v_quantized", DType::int8, {}, 0, {{3, 1}, {3, 1}, {9, -1}}, 1};
  options.table->rows.push_back(moved);
  auto result = quantize(network(), {}, options);
  ASSERT_TRUE(result.ok()) << result.error().message;
  const auto& rounded = row_of(result->table, TableRow::Kind::rounding, "v_quantized").rounded;
  ASSERT_EQ(rounded.size(), 3);
  EXPECT_EQ(rounded[1].element, 3);
  EXPECT_EQ(rounded[2].step, -1);
}

TEST(QuantizeByTable, KeepsOperatorsFloatWithoutBeingTold) {
  QuantizeOptions options;
  options.keep_float = {"b"};
  const auto first = quantize(network(), test::noise_samples(2), options);
  ASSERT_TRUE(first.ok()) << first.error().message;
  QuantizeOptions by_table;
  by_table.table = reread(first->table);
  const auto second = quantize(network(), {}, by_table);
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_EQ(graph_text(second->model), graph_text(first->model));
}

TEST(QuantizeByTable, StoresSixteenBitsWithoutBeingTold) {
  QuantizeOptions options;
  options.int16 = {"x", "a"};
  const auto first = quantize(network(), test::noise_samples(2), options);
  ASSERT_TRUE(first.ok()) << first.error().message;
  QuantizeOptions by_table;
  by_table.table = reread(first->table);
  EXPECT_EQ(row_of(*by_table.table, TableRow::Kind::value, "x_quantized").dtype, DType::int16);
  EXPECT_EQ(row_of(*by_table.table, TableRow::Kind::value, "a").dtype, DType::int16);
  const auto second = quantize(network(), {}, by_table);
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_EQ(graph_text(second->model), graph_text(first->model));
}

TEST(QuantizeByTable, RefusesUnknownNames) {
  auto table = saved_table();
  row_of(table, TableRow::Kind::value, "a").name = "aa";
  EXPECT_THAT(complaint(table), HasSubstr("the model stores no value 'aa'; did you mean 'a'?"));
  table = saved_table();
  row_of(table, TableRow::Kind::weights, "w_quantized").name = "w";
  EXPECT_THAT(complaint(table), HasSubstr("no 8-bit weights 'w'; did you mean"));
  table = saved_table();
  table.rows.push_back({TableRow::Kind::keep_float, "nowhere", DType::int8, {}, 0, {}, 99});
  EXPECT_THAT(complaint(table), HasSubstr("line 99 of 't.txt': the model has no operator 'nowhere'"));
  table = saved_table();
  row_of(table, TableRow::Kind::value, "a").name = "b";
  EXPECT_THAT(complaint(table), HasSubstr("value 'b' stays float"));
}

TEST(QuantizeByTable, RefusesTiedValuesThatDiffer) {
  auto table = saved_table();
  row_of(table, TableRow::Kind::value, "p").numbers[0] *= 2;
  EXPECT_THAT(complaint(table), HasSubstr("an operator ties them"));
}

TEST(QuantizeByTable, RefusesAnotherNumberOfChannels) {
  auto table = saved_table();
  row_of(table, TableRow::Kind::bias, "wb_quantized").numbers.pop_back();
  EXPECT_THAT(complaint(table), HasSubstr("7 numbers for the 8 output channels"));
  table = saved_table();
  row_of(table, TableRow::Kind::weights, "w_quantized").numbers = {0.1F, 0.2F};
  EXPECT_THAT(complaint(table), HasSubstr("2 numbers for the 8 output channels"));
}

TEST(QuantizeByTable, RefusesAnotherTypeAndABiasWithoutRoom) {
  auto table = saved_table();
  row_of(table, TableRow::Kind::value, "a").dtype = DType::uint8;
  EXPECT_THAT(complaint(table), HasSubstr("'a' is uint8 here, and int8 in what was asked for"));
  table = saved_table();
  row_of(table, TableRow::Kind::weights, "w_quantized").numbers = {1e-12F};
  EXPECT_THAT(complaint(table), HasSubstr("does not fit 32 bits"));
}

}  // namespace
}  // namespace quern
