// The tables of a written TFLite file, and what is refused.
#include <gtest/gtest.h>

#include "write/tflite_round_trip.h"

namespace quern {
namespace {

using tflite::schema::BuiltinOperator;

constexpr const char* kConv =
    "graph \"net\" { input %x : int8[1,5,5,3] quant(0.01, 3) const %w : int8[3,3,3,1] quant(axis=0, scales=[0.01, "
    "0.02, "
    "0.03], zero_points=[0, 0, 0]) = random 4 const %b : int32[3] quant(axis=0, scales=[0.0001005, 0.000201, 0.0003], "
    "zero_points=[0, 0, 0]) = [100, -50, 3]"
    " %y = Conv(%x, %w, %b) {groups=3, clamp=[0, inf]} : int8[1,3,3,3] quant(0.02, -128) output %y }";

const tflite::schema::TensorT& tensor_named(const tflite::schema::ModelT& model, const std::string& name) {
  static const tflite::schema::TensorT kNone;
  for (const auto& tensor : model.subgraphs[0]->tensors) {
    if (tensor->name == name) return *tensor;
  }
  ADD_FAILURE() << "no tensor " << name;
  return kNone;
}

TEST(TfliteFile, NamesItsTensorsAsTheGraphsValues) {
  const auto model = test::written_tflite(test::graph_of(kConv));
  const auto& graph = *model.subgraphs[0];
  EXPECT_EQ(graph.name, "net");
  EXPECT_EQ(model.version, 3U);
  EXPECT_TRUE(model.description.starts_with("quern "));
  ASSERT_EQ(graph.inputs.size(), 1U);
  EXPECT_EQ(graph.tensors[static_cast<size_t>(graph.inputs[0])]->name, "x");
  EXPECT_EQ(graph.tensors[static_cast<size_t>(graph.outputs[0])]->name, "y");
}

TEST(TfliteFile, TurnsDepthwiseWeightsAndTheirAxis) {
  const auto model = test::written_tflite(test::graph_of(kConv));
  const auto& weights = tensor_named(model, "w");
  EXPECT_EQ(weights.shape, (std::vector<int32_t>{1, 3, 3, 3}));
  EXPECT_EQ(weights.quantization->quantized_dimension, 3);
  EXPECT_EQ(weights.quantization->scale, (std::vector<float>{0.01F, 0.02F, 0.03F}));
}

TEST(TfliteFile, PutsTheBiasOnTheGridOfTheSums) {
  const auto model = test::written_tflite(test::graph_of(kConv));
  const auto& bias = tensor_named(model, "b");
  ASSERT_EQ(bias.quantization->scale.size(), 3U);
  EXPECT_EQ(bias.quantization->scale[0], 0.01F * 0.01F);
  EXPECT_EQ(bias.quantization->zero_point, (std::vector<int64_t>{0, 0, 0}));
  EXPECT_EQ(bias.quantization->quantized_dimension, 0);
}

TEST(TfliteFile, HasAnEmptyFirstBufferAndAlignsTheOthers) {
  const auto bytes = write_tflite(test::graph_of(kConv));
  ASSERT_TRUE(bytes.ok());
  const auto* model = tflite::schema::GetModel(bytes->data());
  ASSERT_EQ(model->buffers()->size(), 3U);
  EXPECT_EQ(model->buffers()->Get(0)->data(), nullptr);
  for (uint32_t i = 1; i < 3; ++i) {
    const auto offset = model->buffers()->Get(i)->data()->data() - reinterpret_cast<const uint8_t*>(bytes->data());
    EXPECT_EQ(offset % 16, 0) << "buffer " << i;
  }
}

int version_of(const char* text, BuiltinOperator code) {
  const auto model = test::written_tflite(test::graph_of(text));
  for (const auto& stored : model.operator_codes) {
    if (stored->builtin_code == static_cast<int>(code)) return stored->version;
  }
  return 0;
}

TEST(TfliteFile, AsksForTheLeastVersionOfAnOperatorThatWillDo) {
  EXPECT_EQ(version_of(kConv, BuiltinOperator::DEPTHWISE_CONV_2D), 3);
  const char* real =
      "graph { input %x : float32[1,4] const %w : float32[3,4] = random 1 const %b : float32[3] = random 2"
      " %y = FullyConnected(%x, %w, %b) output %y }";
  EXPECT_EQ(version_of(real, BuiltinOperator::FULLY_CONNECTED), 1);
  const char* grown = "graph { input %x : int8[4] quant(1, 0) %y = Mul(%x, %x) : int8[4] quant(0.5, 0) output %y }";
  EXPECT_EQ(version_of(grown, BuiltinOperator::MUL), 3);
  const char* wide =
      "graph { input %x : int8[1,2,2,2,3] quant(1, 0) %y = Transpose(%x) {perm=[0, 1, 2, 4, 3]} : "
      "int8[1,2,2,3,2] quant(1, 0) output %y }";
  EXPECT_EQ(version_of(wide, BuiltinOperator::TRANSPOSE), 4);
}

TEST(TfliteFile, WritesCodesBeyondTheNarrowField) {
  const auto model = test::written_tflite(test::graph_of("graph { input %x : float32[4] %y = Gelu(%x) output %y }"));
  ASSERT_EQ(model.operator_codes.size(), 1U);
  EXPECT_EQ(model.operator_codes[0]->deprecated_builtin_code, 127);
  EXPECT_EQ(model.operator_codes[0]->builtin_code, 150);
  EXPECT_EQ(test::written_tflite(test::graph_of(kConv)).operator_codes[0]->deprecated_builtin_code, 4);
}

TEST(TfliteFile, GivesOutAnInputAndAConstant) {
  const auto model = test::written_tflite(
      test::graph_of("graph { input %x : float32[2] const %c : float32[2] = [1, 2] output %x output %c }"));
  const auto& graph = *model.subgraphs[0];
  EXPECT_EQ(graph.tensors[static_cast<size_t>(graph.outputs[0])]->name, "x");
  EXPECT_EQ(graph.tensors[static_cast<size_t>(graph.outputs[1])]->name, "c");
}

struct Refusal {
  const char* name;
  const char* text;
  const char* sentence;
};

void PrintTo(const Refusal& refusal, std::ostream* out) {
  *out << refusal.name;
}

class TfliteRefusal : public testing::TestWithParam<Refusal> {};

TEST_P(TfliteRefusal, NamesTheOperatorAndWhatToDo) {
  const auto bytes = write_tflite(test::graph_of(GetParam().text));
  ASSERT_FALSE(bytes.ok());
  EXPECT_EQ(bytes.error().code, ErrorCode::unsupported);
  EXPECT_EQ(bytes.error().message, GetParam().sentence);
}

constexpr Refusal kRefusals[] = {
    {"no_word", "graph { input %x : float32[4] %y = Erf(%x) name=\"e\" output %y }",
     "Erf 'e': TFLite has no operator for it; cut the graph before it"},
    {"pool_of_uneven_inside",
     "graph { input %x : float32[1,6,6,1] %y = AveragePool(%x) {kernel=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]} "
     "name=\"p\" output %y }",
     "AveragePool 'p': it averages only what lies inside pads 1,1,1,1, which TFLite cannot say; pad evenly (SAME), or "
     "let the padding count"},
    {"cubic",
     "graph { input %x : float32[1,3,3,1] %y = Resize(%x) {mode=cubic, sizes=[1, 6, 6, 1]} name=\"r\" output %y }",
     "Resize 'r': it takes 1x3x3x1 to 1x6x6x1 in a way that TFLite's resizes of height and width do not; use nearest "
     "or "
     "linear with half_pixel, align_corners or asymmetric coordinates"},
    {"grouped_transposed",
     "graph { input %x : float32[1,4,4,4] const %w : float32[6,3,3,2] = random 1 %y = ConvTranspose(%x, %w) {groups=2} "
     "name=\"t\" output %y }",
     "ConvTranspose 't': it has 2 groups; TFLite's TRANSPOSE_CONV has none, so cut the graph before it"},
    {"int16",
     "graph { input %x : float32[4] %q = Quantize(%x) : int16[4] quant(0.1, 0) %y = Dequantize(%q) : float32[4] "
     "output %y }",
     "'q' is quantized to int16; TFLite files are written with int8 and uint8"},
    {"edge_padding", "graph { input %x : float32[4] %y = Pad(%x) {mode=edge, pads=[1, 0]} name=\"p\" output %y }",
     "Pad 'p': it repeats the edge or wraps around; TFLite pads with a number or mirrors"},
};

INSTANTIATE_TEST_SUITE_P(Tflite, TfliteRefusal, testing::ValuesIn(kRefusals),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace quern
