// Real models: each reads, and its inputs and outputs are what the file says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "read/reader.h"
#include "support/assets.h"

namespace quern::test {
namespace {

using testing::Contains;
using testing::HasSubstr;

/// "name dtype shape", one a line of the face.
struct Asset {
  const char* file;
  std::vector<std::string> inputs, outputs;
  size_t ops;
};

std::vector<std::string> faces(const Graph& graph, const std::vector<ValueId>& ids) {
  std::vector<std::string> list;
  for (const ValueId id : ids) {
    const Value& value = graph.value(id);
    list.push_back(value.name + " " + to_string(value.dtype) + " " + to_string(value.shape));
  }
  return list;
}

class TfliteAsset : public testing::TestWithParam<Asset> {};

TEST_P(TfliteAsset, ReadsWithItsOwnFace) {
  QUERN_ASSET_OR_SKIP(path, GetParam().file);
  const auto graph = read_model(path);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(faces(*graph, graph->inputs), GetParam().inputs);
  EXPECT_EQ(faces(*graph, graph->outputs), GetParam().outputs);
  EXPECT_EQ(graph->ops.size(), GetParam().ops);
}

const Asset kAssets[] = {
    {"classification/mobilenet_v1_0.25_128_quant.tflite",
     {"input uint8 1x128x128x3"},
     {"MobilenetV1/Predictions/Reshape_1 uint8 1x1001"},
     31},
    {"classification/mobilenet_v2_1.0_224_quant.tflite",
     {"input uint8 1x224x224x3"},
     {"MobilenetV2/Predictions/Softmax uint8 1x1001"},
     66},
    {"classification/tf2_mobilenet_v2_1.0_224_ptq.tflite", {"input uint8 1x224x224x3"}, {"Identity uint8 1x1001"}, 68},
    {"face/blazeface_front_fp32.tflite",
     {"input float32 1x128x128x3"},
     {"regressors float32 1x896x16", "classificators float32 1x896x1"},
     90},
    {"face/blazeface_front_int8.tflite",
     {"input float32 1x128x128x3"},
     {"classificators float32 1x896x1", "regressors float32 1x896x16"},
     78},
    {"face/face_det_lite_w8a8.tflite",
     {"input uint8 1x480x640x1"},
     {"heatmap uint8 1x60x80x1", "bbox uint8 1x60x80x4", "landmark uint8 1x60x80x10"},
     90},
    {"face/yunet_120x160_float32.tflite",
     {"input float32 1x120x160x3"},
     {"Identity float32 1076x2", "Identity_1 float32 1076x1", "Identity_2 float32 1076x14"},
     83},
    {"face/yunet_120x160_full_integer_quant.tflite",
     {"serving_default_input:0 uint8 1x120x160x3"},
     {"StatefulPartitionedCall:0 uint8 1076x2", "StatefulPartitionedCall:2 uint8 1076x14",
      "StatefulPartitionedCall:1 uint8 1076x1"},
     91},
    {"misc/mlperf_tiny_resnet8_cifar10_fp32.tflite", {"input_1 float32 1x32x32x3"}, {"Identity float32 1x10"}, 16},
    {"misc/mlperf_tiny_resnet8_cifar10_int8.tflite", {"input_1_int8 int8 1x32x32x3"}, {"Identity_int8 int8 1x10"}, 16},
    {"misc/mlperf_tiny_vww96_fp32.tflite", {"input_1 float32 1x96x96x3"}, {"Identity float32 1x2"}, 31},
    {"misc/mlperf_tiny_vww96_int8.tflite", {"input_1_int8 int8 1x96x96x3"}, {"Identity_int8 int8 1x2"}, 31},
    {"misc/mnist_conv_fc_fp32.tflite",
     {"serving_default_conv2d_input:0 float32 1x28x28x1"},
     {"StatefulPartitionedCall:0 float32 1x10"},
     6},
    {"misc/person_detect_int8.tflite", {"input int8 1x96x96x1"}, {"MobilenetV1/Predictions/Reshape_1 int8 1x2"}, 31},
    {"misc/split_concat_u8.tflite",
     {"input1 uint8 1x8x8x3", "inputs/rnn1 uint8 1x8x8x1", "inputs/rnn2 uint8 1x8x8x2"},
     {"concat/split0 uint8 1x8x8x1", "concat/split2 uint8 1x8x8x1", "concat/split4 uint8 1x8x8x1",
      "outputs/rnn1 uint8 1x8x8x1", "outputs/rnn2 uint8 1x8x8x2"},
     3},
};

std::string test_name(const testing::TestParamInfo<Asset>& tried) {
  std::string name = std::filesystem::path(tried.param.file).stem().string();
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Assets, TfliteAsset, testing::ValuesIn(kAssets), test_name);

TEST(TfliteAssets, PersonDetectHasItsBiasAxesMended) {
  QUERN_ASSET_OR_SKIP(path, "misc/person_detect_int8.tflite");
  const auto graph = read_model(path);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_THAT(graph->origin.notes, Contains(HasSubstr("axis 0 was taken")));
}

TEST(TfliteAssets, FaceDetLiteKeepsItsQuantization) {
  QUERN_ASSET_OR_SKIP(path, "face/face_det_lite_w8a8.tflite");
  const auto graph = read_model(path);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph->value(graph->find("input")).quantization, (Quantization{{0.0039040877018123865f}, {0}, 0}));
  EXPECT_EQ(graph->value(graph->find("bbox")).quantization, (Quantization{{0.13711301982402802f}, {22}, 0}));
}

TEST(TfliteAssets, TheCustomOperatorIsNamed) {
  QUERN_ASSET_OR_SKIP(path, "negative/model_invoking_error.tflite");
  const auto graph = read_model(path);
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.error().code, ErrorCode::unsupported);
  EXPECT_THAT(graph.error().message, HasSubstr("custom operator"));
}

}  // namespace
}  // namespace quern::test
