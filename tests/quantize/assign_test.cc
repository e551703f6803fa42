#include "quantize/assign.h"

#include "quantize/graphs.h"

namespace quern {
namespace {

Assignment assigned(const std::string& text, const std::vector<std::string>& keep = {}) {
  AssignOptions options;
  for (const std::string& pattern : keep) options.keep_float.emplace_back(pattern);
  auto assignment = assign(graph_of(text), options);
  if (!assignment.ok()) {
    ADD_FAILURE() << assignment.error().message;
    return {};
  }
  return *std::move(assignment);
}

bool stored(const Assignment& assignment, const std::string& name) {
  const ValueId id = assignment.graph.find(name);
  return id != kNoValue && assignment.stored[static_cast<size_t>(id)];
}

Assignment widened(const std::string& text, const std::vector<std::string>& patterns) {
  AssignOptions options;
  for (const std::string& pattern : patterns) options.int16.emplace_back(pattern);
  auto assignment = assign(graph_of(text), options);
  EXPECT_TRUE(assignment.ok());
  return assignment.ok() ? *std::move(assignment) : Assignment{};
}

/// Names of what takes 16 bits, in order.
std::string wide(const Assignment& assignment) {
  std::string names;
  for (size_t id = 0; id < assignment.wide.size(); ++id) {
    if (assignment.wide[id]) names += (names.empty() ? "" : " ") + assignment.graph.values[id].name;
  }
  return names;
}

constexpr const char* kTwoConvs = R"(
  input %x : float32[1,4,4,3]
  const %w : float32[8,1,1,3] = random 1
  const %v : float32[2,1,1,8] = random 2
  %a = Conv(%x, %w)
  %b = LeakyRelu(%a) {alpha=0.1}
  %y = Conv(%b, %v)
  output %y
)";

TEST(Assign, StoresWhatMatrixOperatorsReadAndGive) {
  const Assignment a = assigned(kTwoConvs);
  EXPECT_TRUE(stored(a, "x_quantized"));
  EXPECT_TRUE(stored(a, "b"));
  EXPECT_TRUE(stored(a, "y_quantized"));
  EXPECT_TRUE(a.integer[op_named(a.graph, "a")]);
}

TEST(Assign, StoresNothingBetweenAMatrixOperatorAndItsActivation) {
  EXPECT_FALSE(stored(assigned(kTwoConvs), "a"));
}

TEST(Assign, LeavesGraphInputsAndOutputsFloatUnderTheirNames) {
  const Assignment a = assigned(kTwoConvs);
  EXPECT_FALSE(stored(a, "x"));
  EXPECT_FALSE(stored(a, "y"));
  EXPECT_EQ(a.graph.value(a.graph.outputs[0]).name, "y");
  EXPECT_EQ(a.graph.ops.back().kind, OpKind::Dequantize);
}

TEST(Assign, TakesSixteenBitsByTheNameOfAValue) {
  EXPECT_EQ(wide(widened(kTwoConvs, {"b"})), "b");
  EXPECT_EQ(wide(widened(kTwoConvs, {"x"})), "x_quantized");
  EXPECT_EQ(wide(widened(kTwoConvs, {"y"})), "y_quantized");
  EXPECT_EQ(wide(widened(kTwoConvs, {"nothing"})), "");
}

TEST(Assign, TakesSixteenBitsByTheKindOfAnOperatorAndBehindItsActivation) {
  EXPECT_EQ(wide(widened(kTwoConvs, {"LeakyRelu"})), "b");
  EXPECT_EQ(wide(widened(kTwoConvs, {"a"})), "b") << "Conv and LeakyRelu are computed together";
  EXPECT_EQ(wide(widened(kTwoConvs, {"Conv"})), "b y_quantized");
}

TEST(Assign, WidensAWholeGroup) {
  const Assignment a = widened(R"(
    input %x : float32[1,4,4,3]
    const %w : float32[8,1,1,3] = random 1
    const %v : float32[2,1,1,16] = random 2
    %a = Conv(%x, %w)
    %b = Conv(%x, %w)
    %c = Concat(%a, %b) {axis=3}
    %y = Conv(%c, %v)
    output %y
  )",
                               {"a"});
  EXPECT_EQ(wide(a), "a b c");
}

TEST(Assign, TiesWhatAConcatJoins) {
  const Assignment a = assigned(R"(
    input %x : float32[1,4,4,3]
    const %w : float32[8,1,1,3] = random 1
    const %v : float32[2,1,1,16] = random 2
    %a = Conv(%x, %w)
    %b = Conv(%x, %w)
    %c = Concat(%a, %b) {axis=3}
    %y = Conv(%c, %v)
    output %y
  )");
  const auto group = [&](const char* name) { return a.group[static_cast<size_t>(a.graph.find(name))]; };
  EXPECT_EQ(group("a"), group("c"));
  EXPECT_EQ(group("b"), group("c"));
  EXPECT_NE(group("a"), group("x_quantized"));
}

TEST(Assign, KeepsTheTailFloatSoThatBoxesAndScoresHaveScalesOfTheirOwn) {
  const Assignment a = assigned(R"(
    input %x : float32[1,4,4,3]
    const %w : float32[8,1,1,3] = random 1
    %boxes = Conv(%x, %w)
    %scores = Conv(%x, %w)
    %y = Concat(%boxes, %scores) {axis=3}
    output %y
  )");
  EXPECT_TRUE(stored(a, "boxes"));
  EXPECT_TRUE(stored(a, "scores"));
  EXPECT_FALSE(stored(a, "y"));
  const auto id = [&](const char* name) { return static_cast<size_t>(a.graph.find(name)); };
  EXPECT_NE(a.group[id("boxes")], a.group[id("scores")]);
}

TEST(Assign, KeepsNamedOperatorsFloat) {
  const Assignment a = assigned(kTwoConvs, {"y"});
  EXPECT_TRUE(a.integer[op_named(a.graph, "a")]);
  EXPECT_FALSE(a.integer[op_named(a.graph, "y")]);
}

TEST(Assign, RefusesAModelThatIsQuantizedAlready) {
  const auto a = assign(graph_of(R"(
    input %x : int8[1,4] quant(0.1, 0)
    const %w : int8[2,4] quant(0.1, 0) = random 1
    %y = FullyConnected(%x, %w) : int8[1,2] quant(0.2, 0)
    output %y
  )"),
                        {});
  ASSERT_FALSE(a.ok());
  EXPECT_NE(a.error().message.find("quantized already"), std::string::npos);
}

TEST(Assign, RefusesAModelWithNothingToGain) {
  const auto a = assign(graph_of("input %x : float32[1,4]\n%y = Relu(%x)\noutput %y\n"), {});
  ASSERT_FALSE(a.ok());
  EXPECT_EQ(a.error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace quern
