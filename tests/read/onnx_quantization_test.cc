// Pairs of QuantizeLinear and DequantizeLinear, and QLinear operators, become quantizations of values.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/infer.h"
#include "graph/verify.h"
#include "read/onnx_builder.h"

namespace quern::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int kUint8 = onnx::TensorProto::UINT8;
constexpr int kInt8 = onnx::TensorProto::INT8;
constexpr int kInt32 = onnx::TensorProto::INT32;

/// uint8 x -> DQ -> Conv (int8 weights per channel, int32 bias) -> [activation] -> Q -> y
struct QuantizedConv : OnnxBuilder {
  explicit QuantizedConv(float bias_scale = 0.05f, const char* activation = nullptr) {
    input("x", {1, 1, 4, 4}, kUint8);
    dequantize("x", 0.5f, 3);
    constant<int8_t>("w", {2, 1, 1, 1}, kInt8, {5, -7});
    floats("w_s", {2}, {0.1f, 0.2f});
    constant<int8_t>("w_z", {2}, kInt8, {0, 0});
    set(node("DequantizeLinear", {"w", "w_s", "w_z"}, {"w_dq"}), "axis", 0L);
    constant<int32_t>("b", {2}, kInt32, {100, 200});
    floats("b_s", {2}, {bias_scale, 0.1f});
    set(node("DequantizeLinear", {"b", "b_s"}, {"b_dq"}), "axis", 0L);
    node("Conv", {"x_dq", "w_dq", "b_dq"}, {"c"}).set_name("stem");
    if (activation != nullptr) node(activation, {"c"}, {"r"});
    quantize(activation != nullptr ? "r" : "c", "y", 0.25f, 128);
    output("y", kUint8);
  }
};

Status check(Graph graph) {
  Status status = verify(graph);
  if (status.ok()) status = infer(graph);
  return status.ok() ? verify(graph) : status;
}

TEST(OnnxFolding, AConvolutionBetweenPairsIsOneOperator) {
  const auto graph = QuantizedConv().read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre("Transpose", "Conv", "Transpose"));
  const Op& conv = only(*graph, OpKind::Conv);
  EXPECT_EQ(conv.name, "stem");
  EXPECT_EQ(graph->value(conv.outputs[0]).dtype, DType::uint8);
  EXPECT_EQ(graph->value(conv.outputs[0]).quantization.zero_points[0], 128);
  EXPECT_EQ(graph->value(conv.inputs[2]).dtype, DType::int32);
  EXPECT_TRUE(check(*graph).ok());
}

TEST(OnnxFolding, AnInputThatIsDequantizedCarriesTheQuantization) {
  const auto graph = QuantizedConv().read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  const Value& x = graph->value(graph->inputs[0]);
  EXPECT_EQ(x.dtype, DType::uint8);
  EXPECT_THAT(x.quantization.scales, ElementsAre(0.5f));
  EXPECT_THAT(x.quantization.zero_points, ElementsAre(3));
}

TEST(OnnxFolding, TheAxisOfManyScalesFollowsTheWeights) {
  const auto graph = QuantizedConv().read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  const Value& w = graph->value(only(*graph, OpKind::Conv).inputs[1]);
  EXPECT_EQ(w.quantization.axis, 0);
  EXPECT_THAT(w.quantization.scales, ElementsAre(0.1f, 0.2f));
  EXPECT_EQ(w.constant->quantization, w.quantization);
}

TEST(OnnxFolding, AnActivationBehindBecomesTheClamp) {
  const auto graph = QuantizedConv(0.05f, "Relu").read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre("Transpose", "Conv", "Transpose"));
  EXPECT_EQ(std::get<ConvAttrs>(only(*graph, OpKind::Conv).attrs).clamp.low, 0);
}

TEST(OnnxFolding, ABiasInOtherUnitsStaysInFloat) {
  const auto graph = QuantizedConv(0.06f).read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre("Dequantize", "Transpose", "Conv", "Transpose", "Quantize"));
  EXPECT_EQ(graph->value(only(*graph, OpKind::Conv).inputs[1]).dtype, DType::float32);
  EXPECT_TRUE(check(*graph).ok());
}

TEST(OnnxFolding, AFloatReaderOfAProductKeepsItsResultReal) {
  QuantizedConv file;
  file.output("c");
  const auto graph = file.read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre("Transpose", "Conv", "Transpose", "Quantize"));
  const Op& conv = only(*graph, OpKind::Conv);
  EXPECT_EQ(graph->value(conv.inputs[1]).dtype, DType::int8);
  EXPECT_EQ(graph->value(conv.outputs[0]).dtype, DType::float32);
  EXPECT_TRUE(check(*graph).ok());
}

TEST(OnnxFolding, AnActivationOfARealProductIsItsClampWhereNothingElseReadsIt) {
  QuantizedConv file(0.05f, "Relu");
  file.output("r");
  const auto graph = file.read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre("Transpose", "Conv", "Transpose", "Quantize"));
  EXPECT_EQ(std::get<ConvAttrs>(only(*graph, OpKind::Conv).attrs).clamp.low, 0);
}

TEST(OnnxFolding, AnActivationOfAFloatValueGivesTheQuantizedOne) {
  OnnxBuilder file;
  file.input("x", {2, 3});
  file.node("Sigmoid", {"x"}, {"s"});
  file.quantize("s", "y", 0.25f, 0);
  file.output("y", kUint8);
  const auto graph = file.read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre("Sigmoid"));
  EXPECT_EQ(graph->value(graph->outputs[0]).dtype, DType::uint8);
  EXPECT_TRUE(check(*graph).ok());
}

TEST(OnnxFolding, AValueKeepsItsNameWhereItsIntegersAreCalledAfterIt) {
  OnnxBuilder file;
  file.input("x", {2, 3});
  file.node("Sigmoid", {"x"}, {"s"});
  file.quantize("s", "s_QuantizeLinear_Output", 0.25f, 0);
  file.node("Transpose", {"s_QuantizeLinear_Output"}, {"y"});
  file.output("y", kUint8);
  const auto graph = file.read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  EXPECT_EQ(graph->value(only(*graph, OpKind::Sigmoid).outputs[0]).name, "s");
}

TEST(OnnxFolding, AMoveToAnotherQuantizationChangesItInAStepOfItsOwn) {
  OnnxBuilder file;
  file.input("x", {2, 3}, kUint8);
  file.dequantize("x", 0.5f, 0);
  file.node("Transpose", {"x_dq"}, {"t"});
  file.quantize("t", "y", 0.25f, 0);
  file.output("y", kUint8);
  const auto graph = file.read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre("Transpose", "Quantize"));
  EXPECT_EQ(graph->value(graph->find("t")).quantization.scales[0], 0.5f);
}

TEST(OnnxFolding, WeightsQuantizedInTheFileAreComputedAtOnce) {
  OnnxBuilder file;
  file.input("x", {1, 2}, kUint8);
  file.dequantize("x", 0.5f, 0);
  file.floats("w", {2, 1}, {0.26f, -9});
  file.quantize("w", "w_q", 0.5f, 10);
  file.dequantize("w_q", 0.5f, 10);
  file.node("MatMul", {"x_dq", "w_q_dq"}, {"m"});
  file.quantize("m", "y", 1, 0);
  file.output("y", kUint8);
  // The second pair of constants has the names of the first.
  file.graph().mutable_initializer()->DeleteSubrange(5, 2);
  const auto graph = file.read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre("FullyConnected"));
  EXPECT_THAT(graph->value(graph->ops[0].inputs[1]).constant->data<uint8_t>(), ElementsAre(11, 0));
}

TEST(OnnxFolding, TwoQuantizationsOfOneValueAreRefused) {
  OnnxBuilder file;
  file.input("x", {2}, kUint8);
  file.dequantize("x", 0.5f, 0);
  file.scale("other", 0.25f);
  file.zero("nought", 0);
  file.node("DequantizeLinear", {"x", "other", "nought"}, {"x2"});
  file.node("Add", {"x_dq", "x2"}, {"y"});
  file.output("y");
  EXPECT_THAT(onnx_message(file.read()), HasSubstr("two different scales"));
}

TEST(OnnxFolding, SixteenBitsAreReadFromBothDomains) {
  for (const char* domain : {"", "com.microsoft"}) {
    OnnxBuilder file(21);
    file.input("x", {2});
    file.scale("s", 0.5f);
    file.constant<uint16_t>("z", {}, onnx::TensorProto::UINT16, {32768});
    if (*domain != 0) file.import(domain, 1);
    file.node("QuantizeLinear", {"x", "s", "z"}, {"q"}, domain);
    file.node("DequantizeLinear", {"q", "s", "z"}, {"y"}, domain);
    file.output("y");
    const auto graph = file.read();
    ASSERT_TRUE(graph.ok()) << onnx_message(graph);
    EXPECT_EQ(graph->value(graph->find("q")).dtype, DType::uint16);
    EXPECT_THAT(graph->value(graph->find("q")).quantization.zero_points, ElementsAre(32768));
  }
}

TEST(OnnxFolding, AProductOf16BitValuesTakesTheirIntegers) {
  OnnxBuilder file(21);
  file.input("x", {1, 2}, onnx::TensorProto::INT16);
  file.scale("s", 0.5f);
  file.constant<int16_t>("z", {}, onnx::TensorProto::INT16, {0});
  file.node("DequantizeLinear", {"x", "s", "z"}, {"x_dq"});
  file.constant<int8_t>("w", {2, 1}, onnx::TensorProto::INT8, {3, -4});
  file.constant<int8_t>("nought", {}, onnx::TensorProto::INT8, {0});
  file.node("DequantizeLinear", {"w", "s", "nought"}, {"w_dq"});
  file.node("MatMul", {"x_dq", "w_dq"}, {"m"});
  file.node("QuantizeLinear", {"m", "s", "z"}, {"y"});
  file.output("y", onnx::TensorProto::INT16);
  const auto graph = file.read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre("FullyConnected"));
  EXPECT_EQ(graph->value(graph->outputs[0]).dtype, DType::int16);
}

TEST(OnnxFolding, FourBitsAreRefusedByName) {
  OnnxBuilder file(21);
  file.input("x", {2});
  file.scale("s", 1);
  set(file.node("QuantizeLinear", {"x", "s"}, {"y"}), "output_dtype", 21L);
  file.output("y", kUint8);
  EXPECT_THAT(onnx_message(file.read()), HasSubstr("UINT4"));
}

TEST(OnnxFolding, BlocksAreRefused) {
  OnnxBuilder file(21);
  file.input("x", {2});
  file.scale("s", 1);
  set(file.node("QuantizeLinear", {"x", "s"}, {"y"}), "block_size", 32L);
  file.output("y", kUint8);
  EXPECT_THAT(onnx_message(file.read()), HasSubstr("block_size"));
}

TEST(OnnxFolding, ScalesMustBeConstant) {
  OnnxBuilder file;
  file.input("x", {2});
  file.input("s", {});
  file.node("QuantizeLinear", {"x", "s"}, {"y"});
  file.output("y", kUint8);
  EXPECT_THAT(onnx_message(file.read()), HasSubstr("'s' is not a constant"));
}

TEST(OnnxFolding, AScaleOfZeroIsRefused) {
  OnnxBuilder file;
  file.input("x", {2}, kUint8);
  file.dequantize("x", 0, 0);
  file.output("x_dq");
  EXPECT_THAT(onnx_message(file.read()), HasSubstr("above 0"));
}

TEST(OnnxQLinear, AnAdditionTakesItsQuantizationsFromItsInputs) {
  OnnxBuilder file;
  file.import("com.microsoft", 1);
  file.input("a", {2}, kUint8);
  file.input("b", {2}, kUint8);
  for (const char* name : {"a_s", "b_s", "c_s"}) file.scale(name, 0.5f);
  for (const char* name : {"a_z", "b_z", "c_z"}) file.zero(name, 7);
  file.node("QLinearAdd", {"a", "a_s", "a_z", "b", "b_s", "b_z", "c_s", "c_z"}, {"c"}, "com.microsoft");
  file.output("c", kUint8);
  const auto graph = file.read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre("Add"));
  EXPECT_EQ(graph->ops[0].source_kind, "com.microsoft.QLinearAdd");
  EXPECT_EQ(graph->value(graph->outputs[0]).quantization.zero_points[0], 7);
}

TEST(OnnxQLinear, TheBiasOfAConvolutionGetsTheUnitOfItsProducts) {
  OnnxBuilder file;
  file.input("x", {1, 1, 2, 2}, kUint8);
  file.constant<uint8_t>("w", {1, 1, 1, 1}, kUint8, {3});
  file.constant<int32_t>("b", {1}, kInt32, {4});
  for (const char* name : {"x_s", "w_s", "y_s"}) file.scale(name, 0.5f);
  for (const char* name : {"x_z", "w_z", "y_z"}) file.zero(name, 0);
  file.node("QLinearConv", {"x", "x_s", "x_z", "w", "w_s", "w_z", "y_s", "y_z", "b"}, {"y"});
  file.output("y", kUint8);
  const auto graph = file.read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  EXPECT_THAT(graph->value(graph->find("b")).quantization.scales, ElementsAre(0.25f));
  EXPECT_TRUE(check(*graph).ok());
}

}  // namespace
}  // namespace quern::test
