#include "graph/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace quern {
namespace {

using ::testing::HasSubstr;

const std::string kSmall = R"(graph "main" {
  format "onnx"
  producer "a \"tool\""
  note "one"
  input %images : uint8[N?,"batch size"?,?,3] quant(0.02, 128)
  const %w : int8[2,1] quant(axis=0, scales=[0.1, 0.25], zero_points=[0, 1]) = [-1, 127]
  const %half : float16[2] = [0.5, -inf]
  const %flag : bool[3] = splat true
  const %none : float32[0] = []
  const %pi : float64[] = [3.141592653589793]
  const %"odd name\n" : float32[2] = [0.1, 1e-45]
  %y = Conv(%images, %w, _) {strides=[2, 2], pads=[0, 0, 1, 1], clamp=[0, 6]} name="stem" source="Conv" : uint8[1,112,112,8] quant(0.02, 128)
  %a, %b = Split(%y) {axis=3, sizes=[3, 5]} : uint8[1,112,112,3], uint8
  %v, _ = TopK(%a) {k=3, largest=false} name="top" : uint8, _
  %r = Resize(%v) {mode=linear, coordinates=align_corners, scales=[1, 0.5]} : float32
  output %r
  output %b
}
)";

std::string error_of(const std::string& text) {
  const auto parsed = parse_text(text);
  return parsed.ok() ? "parsed" : parsed.error().message;
}

TEST(Text, RoundTripGivesTheSameText) {
  const auto graph = parse_text(kSmall);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(to_text(*graph), kSmall);
}

TEST(Text, EveryOperatorKindRoundTrips) {
  for (const OpInfo& row : kOps) {
    const std::string text =
        "graph \"\" {\n  input %x : float32[1]\n  %y = " + std::string(row.name) + "(%x) : float32\n  output %y\n}\n";
    const auto graph = parse_text(text);
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    EXPECT_EQ(to_text(*graph), text);
    EXPECT_EQ(info(graph->ops[0].kind).name, row.name);
  }
}

TEST(Text, KeepsSymbolsOfOpenExtents) {
  const auto graph = parse_text(kSmall);
  ASSERT_TRUE(graph.ok());
  const Value& images = graph->value(graph->inputs[0]);
  EXPECT_EQ(images.shape, (Shape{-1, -1, -1, 3}));
  EXPECT_EQ(images.symbols, (std::vector<std::string>{"N", "batch size", "", ""}));
}

TEST(Text, ResultTypesAndNamesMayBeLeftOut) {
  const auto graph = parse_text("graph { input %x : float32[2] # a comment\n %y = Relu(%x) output %y }");
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_FALSE(graph->value(graph->outputs[0]).shape_known);
  EXPECT_EQ(graph->ops[0].name, "y");
}

TEST(Text, SplatAndRandomFillConstants) {
  const auto graph = parse_text("graph { const %a : float32[100] = splat 0.5 const %b : int8[100] = random 7 }");
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph->values[0].constant->data<float>()[99], 0.5f);
  const auto random = graph->values[1].constant->data<int8_t>();
  EXPECT_NE(random[0], random[1]);
  EXPECT_THAT(to_text(*graph), HasSubstr("splat 0.5"));
}

TEST(Text, LongConstantsAreElidedAndCannotBeReadBack) {
  const auto graph = parse_text("graph { const %b : int8[100] = random 7 }");
  ASSERT_TRUE(graph.ok());
  EXPECT_THAT(error_of(to_text(*graph)), HasSubstr("was left out"));
  const auto whole = parse_text(to_text(*graph, {.inline_elements = 100}));
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(whole->values[0].constant->data<int8_t>()[50], graph->values[0].constant->data<int8_t>()[50]);
}

TEST(Text, ErrorsSayWhere) {
  EXPECT_THAT(error_of("graph {\n  %y = Convolve(%x)\n}"),
              HasSubstr("line 2, column 8: 'Convolve' is not an operator"));
  EXPECT_THAT(error_of("graph {\n  %y = Relu(%x)\n}"), HasSubstr("line 2, column 13: '%x' is used but never defined"));
  EXPECT_THAT(error_of("graph { input %x : float32[1] input %x : float32[1] }"), HasSubstr("a second time"));
  EXPECT_THAT(error_of("graph { input %x : float31[1] }"), HasSubstr("column 20: 'float31'"));
  EXPECT_THAT(error_of("graph { input %x : float32[-2] }"), HasSubstr("an extent is a number"));
  EXPECT_THAT(error_of("graph { %y = Relu(_) {alpha=1} }"), HasSubstr("Relu has no attribute 'alpha'"));
  EXPECT_THAT(error_of("graph { %y = Conv(_) {strides=[1]} }"), HasSubstr("expected 2 numbers, found 1"));
  EXPECT_THAT(error_of("graph { %y = Conv(_) {auto_pad=same} }"), HasSubstr("same_upper"));
  EXPECT_THAT(error_of("graph { const %w : int8[1] = [128] }"), HasSubstr("'128' is not a number that fits"));
  EXPECT_THAT(error_of("graph { const %w : int8[2] = [1] }"), HasSubstr("expected 2 elements"));
  EXPECT_THAT(error_of("graph { const %w : int8[2147483648] = splat 0 }"), HasSubstr("at most"));
  EXPECT_THAT(error_of("graph \"a"), HasSubstr("ends inside"));
}

TEST(Text, BrokenTextNeverCrashes) {
  std::mt19937 random(1);
  for (int i = 0; i < 3000; ++i) {
    std::string text = kSmall;
    for (int edits = 0; edits < 3; ++edits) {
      const size_t at = random() % text.size();
      if (random() % 2 == 0) {
        text[at] = static_cast<char>(random());
      } else {
        text.erase(at, random() % 40);
      }
    }
    const auto graph = parse_text(text);
    if (graph.ok()) {
      EXPECT_TRUE(parse_text(to_text(*graph)).ok()) << text;
    }
  }
}

TEST(Text, DotNamesOperatorsAndEdges) {
  const auto graph = parse_text("graph { input %x : float32[2] %y = Relu(%x) name=\"act\" output %y }");
  ASSERT_TRUE(graph.ok());
  const std::string dot = to_dot(*graph);
  EXPECT_THAT(dot, HasSubstr("op0 [label=\"Relu\\nact\"]"));
  EXPECT_THAT(dot, HasSubstr("in0 -> op0"));
  EXPECT_THAT(dot, HasSubstr("op0 -> out1"));
}

}  // namespace
}  // namespace quern
