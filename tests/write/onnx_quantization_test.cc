// Quantized graphs in the Q/DQ form, and what comes back: the same integers.
#include <gtest/gtest.h>

#include "write/round_trip.h"

namespace quern {
namespace {

const char* const kConv =
    "graph { input %x : float32[1,3,5,5] %\"x@nhwc\" = Transpose(%x) {perm=[0, 2, 3, 1]}"
    " %\"q@nhwc\" = Quantize(%\"x@nhwc\") : uint8[1,5,5,3] quant(0.0078, 128)"
    " const %\"w@ohwi\" : int8[2,3,3,3] quant(axis=0, scales=[0.01, 0.02], zero_points=[0, 0]) = random 4"
    " const %b : int32[2] quant(axis=0, scales=[0.000078, 0.000156], zero_points=[0, 0]) = [100, -50]"
    " %\"c@nhwc\" = Conv(%\"q@nhwc\", %\"w@ohwi\", %b) {clamp=[0, inf]} name=\"conv\" : uint8[1,3,3,2] quant(0.02, 0)"
    " %\"y@nhwc\" = Dequantize(%\"c@nhwc\") : float32[1,3,3,2] %y = Transpose(%\"y@nhwc\") {perm=[0, 3, 1, 2]} output "
    "%y }";

const onnx::NodeProto* node_giving(const onnx::ModelProto& model, const std::string& name) {
  for (const auto& node : model.graph().node()) {
    for (const auto& output : node.output()) {
      if (output == name) return &node;
    }
  }
  return nullptr;
}

TEST(QdqWriter, PutsPairsAroundAFloatConvolution) {
  const auto model = test::written(test::graph_of(kConv));
  EXPECT_EQ(
      test::types_of(model),
      "QuantizeLinear DequantizeLinear DequantizeLinear DequantizeLinear Conv Relu QuantizeLinear DequantizeLinear");
  const auto* conv = node_giving(model, "c_before_Relu");
  ASSERT_NE(conv, nullptr);
  EXPECT_EQ(conv->input(0), "q_DequantizeLinear_Output");
  EXPECT_EQ(conv->input(1), "w_DequantizeLinear_Output");
  EXPECT_EQ(conv->input(2), "b_DequantizeLinear_Output");
  ASSERT_NE(node_giving(model, "c_QuantizeLinear_Output"), nullptr);
  EXPECT_EQ(node_giving(model, "c_QuantizeLinear_Output")->input(0), "c");
}

TEST(QdqWriter, WritesSixteenBitsInMicrosoftsDomain) {
  const auto model = test::written(test::graph_of(
      "graph { input %x : float32[4] %q = Quantize(%x) : uint16[4] quant(0.1, 40000) %y = Dequantize(%q) : float32[4] "
      "output %y }"));
  ASSERT_EQ(model.opset_import_size(), 2);
  EXPECT_EQ(model.opset_import(0).version(), 17);
  EXPECT_EQ(model.opset_import(1).domain(), "com.microsoft");
  for (const auto& node : model.graph().node()) EXPECT_EQ(node.domain(), "com.microsoft") << node.name();
  EXPECT_EQ(model.graph().initializer(1).data_type(), onnx::TensorProto::UINT16);
  EXPECT_EQ(model.graph().initializer(1).raw_data(), "\x40\x9c");
}

TEST(QdqWriter, NarrowsABiasOf64BitsThatFits) {
  const std::string head =
      "graph { input %x : int16[1,4] quant(0.1, 0) const %w : int8[2,4] quant(0.01, 0) = random 1"
      " const %b : int64[2] quant(0.001, 0) = [7, ";
  const std::string tail = "] %y = FullyConnected(%x, %w, %b) : int16[1,2] quant(0.05, 0) output %y }";
  test::expect_round_trip(test::graph_of(head + "-2147483648" + tail));
  const auto bytes = write_onnx(test::graph_of(head + "-2147483649" + tail));
  ASSERT_FALSE(bytes.ok());
  EXPECT_NE(bytes.error().message.find("element 1 of its int64 bias is -2147483649"), std::string::npos);
}

TEST(QdqWriter, NamesTheChannelAxisOfTheFilesLayout) {
  const auto model = test::written(test::graph_of(kConv));
  const auto* weights = node_giving(model, "w_DequantizeLinear_Output");
  ASSERT_TRUE(weights != nullptr && weights->attribute_size() == 1);
  EXPECT_EQ(weights->attribute(0).name(), "axis");
  EXPECT_EQ(weights->attribute(0).i(), 0);
}

TEST(QdqWriter, NamesTheChannelAxisOfATransposedConvolution) {
  const auto model =
      test::written(test::graph_of("graph { input %x : int8[1,3,3,4] quant(0.1, 0) const %w : int8[2,3,3,4] "
                                   "quant(axis=0, scales=[0.1, 0.2], zero_points=[0, 0]) = random 1"
                                   " %y = ConvTranspose(%x, %w) : int8[1,5,5,2] quant(0.5, 1) output %y }"));
  const auto* weights = node_giving(model, "w_DequantizeLinear_Output");
  ASSERT_TRUE(weights != nullptr && weights->attribute_size() == 1);
  EXPECT_EQ(weights->attribute(0).i(), 1);
}

TEST(QdqWriter, GivesOutIntegersUnderTheirOwnName) {
  const auto model = test::written(test::graph_of(
      "graph { input %x : int8[1,4] quant(0.1, 3) %y = Sigmoid(%x) : int8[1,4] quant(0.00390625, -128) output %y }"));
  EXPECT_EQ(test::types_of(model), "DequantizeLinear Sigmoid QuantizeLinear");
  EXPECT_EQ(model.graph().node(2).output(0), "y");
  EXPECT_EQ(model.graph().output(0).type().tensor_type().elem_type(), onnx::TensorProto::INT8);
}

struct Case {
  const char* name;
  std::string text;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

class QuantizedRoundTrip : public testing::TestWithParam<Case> {};

TEST_P(QuantizedRoundTrip, GivesTheSameIntegersInTheSameForm) {
  const Graph graph = test::graph_of(GetParam().text);
  const auto back = test::read_back(graph);
  ASSERT_TRUE(back.ok()) << back.error().message;
  test::expect_same_behaviour(graph, *back);
  std::string before, after;
  for (const Op& op : graph.ops) {
    if (op.kind != OpKind::Transpose) before += std::string(info(op.kind).name) + " ";
  }
  for (const Op& op : back->ops) {
    if (op.kind != OpKind::Transpose) after += std::string(info(op.kind).name) + " ";
  }
  EXPECT_EQ(after, before);
}

std::vector<Case> cases() {
  return {
      {"conv", kConv},
      {"integers_at_the_edges",
       "graph { input %x : uint8[1,4,4,4] quant(0.1, 100) const %w : uint8[4,3,3,1] quant(0.01, 120) = random 1 const "
       "%b : int32[4] quant(0.001, 0) = random 2"
       " %y = Conv(%x, %w, %b) {groups=4, pads=[1, 1, 1, 1], clamp=[0, 6]} : uint8[1,4,4,4] quant(0.0235, 0) output %y "
       "}"},
      {"bias_grid_within_a_percent",
       "graph { input %x : int8[1,4] quant(0.1, 0) const %w : int8[3,4] quant(0.01, 0) = random 1 const %b : int32[3] "
       "quant(0.001004, 0) = random 2"
       " %y = FullyConnected(%x, %w, %b) : int8[1,3] quant(0.05, 3) output %y }"},
      {"transposed_convolution",
       "graph { input %x : int8[1,3,3,4] quant(0.1, 0) const %w : int8[2,3,3,4] quant(axis=0, scales=[0.1, 0.2], "
       "zero_points=[0, 0]) = random 1"
       " %y = ConvTranspose(%x, %w) {strides=[2, 2]} : int8[1,7,7,2] quant(1.5, 1) output %y }"},
      {"arithmetic",
       "graph { input %x : int8[1,2,2,3] quant(0.1, 0) input %z : int8[1,2,2,3] quant(0.05, 7) const %k : "
       "int8[1,1,1,3] quant(0.01, 0) = random 3"
       " %a = Add(%x, %z) {clamp=[0, inf]} : int8[1,2,2,3] quant(0.08, -128) %m = Mul(%a, %k) : int8[1,2,2,3] "
       "quant(0.1, 1)"
       " %c = Concat(%a, %m) {axis=3} : int8[1,2,2,6] quant(0.11, -10) output %c }"},
      {"moves",
       "graph { input %x : int8[1,4,4,2] quant(0.1, 5) %p = MaxPool(%x) {kernel=[2, 2], strides=[2, 2]} : "
       "int8[1,2,2,2] quant(0.1, 5)"
       " %r = Resize(%p) {scales=[1, 2, 2, 1], coordinates=asymmetric, nearest=floor} : int8[1,4,4,2] quant(0.1, 5)"
       " %s = Slice(%r) {starts=[0], ends=[3], axes=[1]} : int8[1,3,4,2] quant(0.1, 5)"
       " %f = Reshape(%s) {shape=[1, 24]} : int8[1,24] quant(0.1, 5) output %f }"},
      {"means_and_activations",
       "graph { input %x : uint8[1,4,4,2] quant(0.1, 128) %l = LeakyRelu(%x) {alpha=0.1} : uint8[1,4,4,2] quant(0.06, "
       "20)"
       " %a = AveragePool(%l) {kernel=[2, 2], strides=[2, 2]} : uint8[1,2,2,2] quant(0.06, 20)"
       " %m = ReduceMean(%a) {axes=[1, 2]} : uint8[1,1,1,2] quant(0.05, 20) %f = Reshape(%m) {shape=[1, 2]} : "
       "uint8[1,2] quant(0.05, 20)"
       " %y = Softmax(%f) {axis=1} : uint8[1,2] quant(0.00390625, 0) output %y }"},
      {"product_that_stays_real",
       "graph { input %x : int8[1,4] quant(0.1, 0) const %w : int8[3,4] quant(axis=0, scales=[0.01, 0.02, 0.03], "
       "zero_points=[0, 0, 0]) = random 1 const %b : int32[3] quant(axis=0, scales=[0.001, 0.002, 0.003], "
       "zero_points=[0, 0, 0]) = random 2 %y = FullyConnected(%x, %w, %b) {clamp=[0, inf]} : float32[1,3] output %y }"},
      {"convolution_that_stays_real_before_an_activation_that_quantizes",
       "graph { input %x : uint8[1,4,4,3] quant(0.1, 100) const %w : int8[2,3,3,3] quant(0.01, 0) = random 1"
       " %c = Conv(%x, %w) : float32[1,2,2,2] %y = LeakyRelu(%c) {alpha=0.1} : int8[1,2,2,2] quant(0.07, -20) output "
       "%y }"},
      {"clamped_pools",
       "graph { input %x : uint8[1,4,4,2] quant(0.1, 128) %m = MaxPool(%x) {kernel=[2, 2], clamp=[0, 6]}"
       " : uint8[1,3,3,2] quant(0.1, 128) %y = AveragePool(%m) {kernel=[2, 2], clamp=[0, 5]} : uint8[1,2,2,2]"
       " quant(0.05, 20) output %y }"},
      {"sixteen_bits_between_eight",
       "graph { input %x : int8[1,4,4,2] quant(0.1, 5) const %w : int8[3,1,1,2] quant(axis=0, scales=[0.01, 0.02, "
       "0.03], "
       "zero_points=[0, 0, 0]) = random 1 const %b : int32[3] quant(axis=0, scales=[0.001, 0.002, 0.003], "
       "zero_points=[0, 0, 0]) = random 2 const %v : int8[2,1,1,3] quant(0.02, 0) = random 3"
       " const %d : int32[2] quant(0.0000002, 0) = random 4"
       " %c = Conv(%x, %w, %b) {clamp=[0, inf]} : int16[1,4,4,3] quant(0.0003, 0)"
       " %a = Add(%c, %c) : int16[1,4,4,3] quant(0.00001, 0)"
       " %s = Slice(%a) {starts=[0], ends=[3], axes=[1]} : int16[1,3,4,3] quant(0.00001, 0)"
       " %y = Conv(%s, %v, %d) : int8[1,3,4,2] quant(0.05, -3) output %y }"},
      {"requantization",
       "graph { input %x : int8[6] quant(0.1, 0) %a = Quantize(%x) : uint8[6] quant(0.2, 100) %y = Dequantize(%a) : "
       "float32[6] output %y }"},
  };
}

TEST(QdqWriter, KeepsTheNamesOfValuesThereAndBack) {
  const Graph graph = test::graph_of(kConv);
  const auto back = test::read_back(graph);
  ASSERT_TRUE(back.ok()) << back.error().message;
  for (const char* name : {"x", "q@nhwc", "c@nhwc", "y"}) EXPECT_NE(back->find(name), kNoValue) << name;
}

INSTANTIATE_TEST_SUITE_P(Onnx, QuantizedRoundTrip, testing::ValuesIn(cases()),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace quern
