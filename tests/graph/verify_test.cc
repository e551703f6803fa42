#include "graph/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "graph/infer.h"
#include "graph/text.h"

namespace quern {
namespace {

using ::testing::HasSubstr;

Graph parsed(const std::string& statements) {
  auto graph = parse_text("graph {" + statements + "}");
  EXPECT_TRUE(graph.ok()) << graph.error().message;
  return graph.ok() ? *std::move(graph) : Graph();
}

std::string error_of(const Graph& graph) {
  const Status status = verify(graph);
  if (status.ok()) return "fine";
  EXPECT_EQ(status.error().code, ErrorCode::invalid_file);
  return status.error().message;
}

std::string error_of(const std::string& statements) {
  return error_of(parsed(statements));
}

const std::string kX = "input %x : float32[1,4,4,2] ";

TEST(Verify, AcceptsAGraphBeforeAndAfterInference) {
  Graph g = parsed("input %x : float32[1,4,4,2] const %w : float32[3,1,1,2] = splat 1 %y = Conv(%x, %w) output %y");
  EXPECT_EQ(error_of(g), "fine");
  ASSERT_TRUE(infer(g).ok());
  EXPECT_EQ(error_of(g), "fine");
}

TEST(Verify, Arity) {
  EXPECT_EQ(error_of(kX + "%y = Add(%x) output %y"), "Add 'y': its input 1 is missing");
  EXPECT_EQ(error_of(kX + "%y = Add(%x, _) output %y"), "Add 'y': its input 1 is missing");
  EXPECT_EQ(error_of(kX + "%y = Relu(%x, %x) output %y"), "Relu 'y': it has 2 inputs, but takes at most 1");
  EXPECT_THAT(error_of(kX + "%y, %z = Relu(%x) output %y"), HasSubstr("2 outputs instead of 1"));
  EXPECT_THAT(error_of(kX + "_ = Relu(%x) output %x"), HasSubstr("output 0"));
}

TEST(Verify, Order) {
  EXPECT_EQ(error_of(kX + "%z = Relu(%y) %y = Relu(%x) output %z"),
            "Relu 'z': its input 'y' is used before anything produces it");
}

TEST(Verify, OneProducerAValue) {
  Graph g = parsed(kX + "%y = Relu(%x) %z = Relu(%x) output %y");
  g.ops[1].outputs[0] = g.find("y");
  EXPECT_THAT(error_of(g), HasSubstr("produced by another operator already"));
  g.ops[1].outputs[0] = g.find("x");
  EXPECT_THAT(error_of(g), HasSubstr("'x' is an input"));
}

TEST(Verify, Ids) {
  Graph g = parsed(kX + "%y = Relu(%x) output %y");
  g.ops[0].inputs[0] = 99;
  EXPECT_THAT(error_of(g), HasSubstr("input 0 is no value"));
  g = parsed(kX + "%y = Relu(%x) output %y");
  g.ops[0].outputs[0] = -7;
  EXPECT_THAT(error_of(g), HasSubstr("output 0 is no value"));
  g = parsed(kX + "%y = Relu(%x) output %y");
  g.outputs[0] = 99;
  EXPECT_THAT(error_of(g), HasSubstr("output 99 is no value"));
  g.inputs[0] = -1;
  EXPECT_THAT(error_of(g), HasSubstr("input -1 is no value"));
}

TEST(Verify, Names) {
  Graph g = parsed(kX + "%y = Relu(%x) output %y");
  g.values[1].name = "x";
  EXPECT_EQ(error_of(g), "value 'x': another value has the same name");
  g.values[1].name = "";
  EXPECT_EQ(error_of(g), "value 1 has no name");
}

TEST(Verify, InputsAndOutputs) {
  EXPECT_THAT(error_of(kX), HasSubstr("no outputs"));
  EXPECT_THAT(error_of("input %x : float32 output %x"), HasSubstr("rank is not known"));
  Graph g = parsed(kX + "output %x");
  g.inputs.push_back(0);
  EXPECT_THAT(error_of(g), HasSubstr("twice"));
  g.inputs.clear();
  EXPECT_THAT(error_of(g), HasSubstr("nothing produces it"));
  g = parsed("const %c : int8[1] = [1] output %c");
  g.inputs.push_back(0);
  EXPECT_THAT(error_of(g), HasSubstr("a constant at once"));
}

TEST(Verify, AttributesOfAnotherKind) {
  Graph g = parsed(kX + "%y = Relu(%x) output %y");
  g.ops[0].attrs = ConvAttrs{};
  EXPECT_THAT(error_of(g), HasSubstr("attributes of another kind"));
  g.ops[0].kind = static_cast<OpKind>(60000);
  EXPECT_THAT(error_of(g), HasSubstr("unknown kind"));
}

TEST(Verify, AttributeRangesBeforeShapesAreKnown) {
  const auto open = [](const std::string& op) {
    return error_of("input %x : float32[?,4,4,2] %y = " + op + " output %y");
  };
  EXPECT_EQ(open("MaxPool(%x) {strides=[0,1]} name=\"p\""), "MaxPool 'p': strides 0 is outside 1…2147483648");
  EXPECT_THAT(open("MaxPool(%x) {kernel=[-1,1]}"), HasSubstr("kernel -1"));
  EXPECT_THAT(open("MaxPool(%x) {pads=[-1,0,0,0]}"), HasSubstr("pads -1"));
  EXPECT_THAT(open("MaxPool(%x) {clamp=[1,0]}"), HasSubstr("leaves nothing"));
  EXPECT_THAT(open("MaxPool(%x) {clamp=[nan,0]}"), HasSubstr("leaves nothing"));
  EXPECT_THAT(open("LeakyRelu(%x) {alpha=nan}"), HasSubstr("alpha is not a number"));
  EXPECT_THAT(open("Resize(%x) {scales=[1,inf]}"), HasSubstr("scales holds inf"));
  EXPECT_THAT(open("DepthToSpace(%x) {block=0}"), HasSubstr("block 0"));
  EXPECT_THAT(open("LpNorm(%x) {p=3}"), HasSubstr("p 3"));
}

TEST(Verify, EnumeratorsInRange) {
  Graph g = parsed(kX + "%y = Pad(%x) {pads=[0,0,0,0,0,0,0,0]} output %y");
  std::get<PadAttrs>(g.ops[0].attrs).mode = static_cast<PadMode>(9);
  EXPECT_THAT(error_of(g), HasSubstr("mode 9 is outside 0…4"));
}

TEST(Verify, WeightsAndBiasOfAConvolutionOfOpenShape) {
  EXPECT_THAT(error_of("input %x : float32[?,4,4,2] const %w : float32[3,2] = splat 1 %y = Conv(%x, %w) output %y"),
              HasSubstr("4 axes [O, KH, KW, I]"));
  EXPECT_THAT(
      error_of("input %x : float32[?,4,4,2] const %w : float32[3,1,1,2] = splat 1 const %b : float32[2] = [0, 0] "
               "%y = Conv(%x, %w, %b) output %y"),
      HasSubstr("bias has the shape 2, but there are 3"));
}

TEST(Verify, Quantization) {
  const auto with = [](const std::string& type) { return error_of("input %x : " + type + " output %x"); };
  EXPECT_EQ(with("int8[2,3] quant(0.5, -128)"), "fine");
  EXPECT_EQ(with("int8[2,3] quant(axis=1, scales=[1, 2, 3], zero_points=[0, 0, 0])"), "fine");
  EXPECT_THAT(with("int8[2,3] quant(0, 0)"), HasSubstr("scale 0 is not finite and more than 0"));
  EXPECT_THAT(with("int8[2,3] quant(nan, 0)"), HasSubstr("scale nan"));
  EXPECT_THAT(with("int8[2,3] quant(inf, 0)"), HasSubstr("scale inf"));
  EXPECT_THAT(with("int8[2,3] quant(1, 128)"), HasSubstr("zero point 128 is outside -128…127 (int8)"));
  EXPECT_THAT(with("float32[2,3] quant(1, 0)"), HasSubstr("float32 is not a type"));
  EXPECT_THAT(with("int8[2,3] quant(axis=2, scales=[1, 2, 3], zero_points=[0, 0, 0])"), HasSubstr("axis 2"));
  EXPECT_THAT(with("int8[2,3] quant(axis=0, scales=[1, 2, 3], zero_points=[0, 0, 0])"),
              HasSubstr("3 quantization scales"));
  EXPECT_THAT(with("int8[2,3] quant(axis=0, scales=[1, 2], zero_points=[0])"), HasSubstr("1 zero points"));
}

TEST(Verify, ShapesAndConstants) {
  EXPECT_THAT(error_of("input %x : float32[1,1,1,1,1,1,1,1,1] output %x"), HasSubstr("9 axes; the limit is 8"));
  EXPECT_THAT(error_of("input %x : float32[65536,65536] output %x"), HasSubstr("beyond the limit"));
  Graph g = parsed("const %c : int8[2] = [1, 2] output %c");
  g.values[0].shape = {3};
  EXPECT_THAT(error_of(g), HasSubstr("its constant is int8 of shape 2"));
  g.values[0].shape = {-5};
  EXPECT_THAT(error_of(g), HasSubstr("negative extent -5"));
}

TEST(Verify, ShapesThatDisagree) {
  EXPECT_EQ(error_of(kX + "%y = Relu(%x) : float32[1,4,4,3] output %y"),
            "Relu 'y': its output 'y' is float32 1x4x4x3, but should be float32 1x4x4x2");
  EXPECT_THAT(error_of(kX + "%y = Relu(%x) : int32[1,4,4,2] output %y"), HasSubstr("is int32"));
  EXPECT_THAT(error_of(kX + "%y = Softmax(%x) {axis=7} : float32[1,4,4,2] output %y"), HasSubstr("axis 7"));
}

}  // namespace
}  // namespace quern
