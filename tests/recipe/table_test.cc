#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quern/quantize.h"

namespace quern {
namespace {

using testing::HasSubstr;

std::string complaint(const std::string& text) {
  const auto table = parse_table(text, "t.txt");
  return table.ok() ? "" : table.error().message;
}

TEST(Table, TextReadsBackToEqualText) {
  const std::string text = R"(# anything
value     "a b"   uint8 0.5             128
weights   w       int8  0.25 1e-07 0.125   # behind a blank
bias      b       -1.5 0 3e+08
balance   c       1 0.02
rounding  w       +3 -0 -12
float     "say \"x\"\n"
)";
  const auto table = parse_table(text, "t.txt");
  ASSERT_TRUE(table.ok()) << table.error().message;
  ASSERT_EQ(table->rows.size(), 6);
  EXPECT_EQ(table->rows[0].name, "a b");
  EXPECT_EQ(table->rows[0].zero_point, 128);
  EXPECT_EQ(table->rows[1].numbers, (std::vector<float>{0.25F, 1e-7F, 0.125F}));
  EXPECT_EQ(table->rows[4].rounded[2].element, 15);
  EXPECT_EQ(table->rows[4].rounded[1].step, -1);
  EXPECT_EQ(table->rows[5].name, "say \"x\"\n");
  const std::string once = table_text(*table);
  const auto again = parse_table(once, "t.txt");
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(table_text(*again), once);
}

TEST(Table, EveryFloatSurvivesTheText) {
  const float awkward[] = {0.1F, 1.17549435e-38F, 3.4028235e38F, 0.018658448F, 1.0F / 3};
  for (float scale : awkward) {
    QuantizationTable table;
    table.rows.push_back({TableRow::Kind::value, "x", DType::int8, {scale}, 0, {}, 0});
    const auto again = parse_table(table_text(table), "t");
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_EQ(again->rows[0].numbers[0], scale);
  }
}

TEST(Table, WrongLinesAreNamedWithTheirNumber) {
  EXPECT_THAT(complaint("\n\nvaleu x int8 1 0"), HasSubstr("line 3 of 't.txt': 'valeu' begins no line"));
  EXPECT_THAT(complaint("value"), HasSubstr("without the name"));
  EXPECT_THAT(complaint("value x int4 1 0"), HasSubstr("needs a type"));
  EXPECT_THAT(complaint("weights x uint8 1"), HasSubstr("needs a type (int8)"));
  EXPECT_THAT(complaint("value x int8 0.1O 0"), HasSubstr("'0.1O' of 'x' is not a number"));
  EXPECT_THAT(complaint("value x int8 1"), HasSubstr("no zero point"));
  EXPECT_THAT(complaint("value x int8 1 2.5"), HasSubstr("not an integer"));
  EXPECT_THAT(complaint("value x int8 1 2 3"), HasSubstr("'3' is one word too many"));
  EXPECT_THAT(complaint("weights x int8"), HasSubstr("has no scale"));
  EXPECT_THAT(complaint("bias x nan"), HasSubstr("not a finite number"));
  EXPECT_THAT(complaint("rounding x 5"), HasSubstr("not +GAP or -GAP"));
  EXPECT_THAT(complaint("value \"x int8 1 2"), HasSubstr("not closed"));
  EXPECT_THAT(complaint("value x int8 1 2\nvalue x int8 1 2"), HasSubstr("line 2 of 't.txt': there is a 'value' line"));
  EXPECT_THAT(complaint("# only comments\n"), HasSubstr("holds no line"));
}

TEST(Table, AScaleIsAboveZeroAndFinite) {
  for (const char* scale : {"0", "-0.5", "nan", "inf", "-inf", "1e-42"})
    EXPECT_THAT(complaint(std::string("value x int8 ") + scale + " 0"), HasSubstr("must be above 0 and finite"));
}

TEST(Table, AZeroPointIsWithinItsType) {
  EXPECT_THAT(complaint("value x int8 1 128"), HasSubstr("outside int8: -128 to 127"));
  EXPECT_THAT(complaint("value x uint8 1 -1"), HasSubstr("outside uint8: 0 to 255"));
  EXPECT_EQ(complaint("value x uint8 1 255"), "");
  EXPECT_EQ(complaint("value x int16 1 -32768"), "");
}

TEST(Table, ErrorsAreAboutAFile) {
  const auto table = parse_table("x", "t.txt");
  ASSERT_FALSE(table.ok());
  EXPECT_EQ(table.error().code, ErrorCode::invalid_file);
  EXPECT_EQ(table.error().file, "t.txt");
}

}  // namespace
}  // namespace quern
