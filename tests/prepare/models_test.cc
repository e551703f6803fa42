// Real models: they come through prepare whole, and channels last with as few transposes as there can be.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <ostream>
#include <string>

#include "base/error.h"
#include "graph/infer.h"
#include "graph/verify.h"
#include "prepare/prepare.h"
#include "prepare/run_graph.h"
#include "read/reader.h"
#include "support/assets.h"

namespace quern {
namespace {

struct ModelRow {
  const char* path;
  int transposes;  ///< that are left: at the edges, and those the model really makes
};

void PrintTo(const ModelRow& row, std::ostream* out) {
  *out << row.path;
}

class RealModel : public testing::TestWithParam<ModelRow> {};

int count(const Graph& graph, OpKind kind) {
  return static_cast<int>(
      std::count_if(graph.ops.begin(), graph.ops.end(), [kind](const Op& op) { return op.kind == kind; }));
}

std::vector<std::string> edge_names(const Graph& graph) {
  std::vector<std::string> names;
  for (ValueId id : graph.inputs) names.push_back(graph.value(id).name);
  for (ValueId id : graph.outputs) names.push_back(graph.value(id).name + " " + to_string(graph.value(id).shape));
  return names;
}

/// Open extents become 1.
Result<Graph> read_fixed(const std::string& path) {
  QUERN_TRY(Graph graph, read_model(path));
  for (ValueId id : graph.inputs) {
    for (int64_t& extent : graph.value(id).shape) extent = extent < 0 ? 1 : extent;
  }
  return graph;
}

TEST_P(RealModel, IsPreparedWithFewTransposes) {
  QUERN_ASSET_OR_SKIP(path, GetParam().path);
  auto graph = read_fixed(path);
  if (!graph.ok() && graph.error().message.starts_with("this build")) GTEST_SKIP() << graph.error().message;
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  ASSERT_TRUE(infer(*graph).ok());
  const auto names = edge_names(*graph);
  const Status prepared = prepare(*graph);
  ASSERT_TRUE(prepared.ok()) << prepared.error().message;
  EXPECT_EQ(edge_names(*graph), names);
  EXPECT_EQ(count(*graph, OpKind::Transpose), GetParam().transposes);
  EXPECT_EQ(count(*graph, OpKind::BatchNorm), 0);
  const auto again = push_transposes(*graph);
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(*again) << "a second sweep finds more to do";
  EXPECT_TRUE(infer(*graph).ok());
  EXPECT_TRUE(verify(*graph).ok());
}

class SmallRealModel : public testing::TestWithParam<const char*> {};

TEST_P(SmallRealModel, GivesTheSameNumbers) {
  QUERN_ASSET_OR_SKIP(path, GetParam());
  auto graph = read_fixed(path);
  ASSERT_TRUE(graph.ok() && fix_shapes(*graph).ok() && resolve(*graph).ok());
  const auto inputs = test::inputs_of(*graph);
  const auto before = test::run_graph(*graph, inputs);
  ASSERT_TRUE(before.ok()) << before.error().message;
  ASSERT_TRUE(prepare(*graph).ok());
  const auto after = test::run_graph(*graph, inputs);
  ASSERT_TRUE(after.ok()) << after.error().message;
  for (size_t i = 0; i < before->size(); ++i) test::expect_same((*before)[i], (*after)[i]);
}

constexpr ModelRow kModels[] = {
    {"nanodet/nanodet_m_416.onnx", 17},  // the input, and 16 channel shuffles
    {"nanodet/fastestdet.onnx", 2},
    {"face/yunet_n_320_320.onnx", 1},
    {"face/ultraface_RFB-320_simplified.onnx", 1},
    {"bench/face_det_lite.onnx", 2},
    {"bench/face_det_lite.qdq.onnx", 2},
    {"bench/mobilenet_v1.qdq.onnx", 1},
    {"bench/mobilenet_v2.qdq.onnx", 1},
    {"bench/nanodet_plus_m_320.onnx", 17},  // as nanodet_m
    {"bench/nanodet_plus_m_320.qdq.onnx", 17},
    {"bench/squeezenet1_1.onnx", 1},
    {"bench/squeezenet1_1.qdq.onnx", 1},
    {"classification/mobilenet_v1_0.25_224_imagenet.onnx", 1},
    {"classification/mobilenet_v2_0.5_128_2class_float.onnx", 1},
    {"classification/mobilenet_v2_qoperator_int8.onnx", 1},
    {"classification/squeezenet_v1.1_caffe.onnx", 1},
    {"misc/mnist-8.onnx", 0},
    {"misc/conv_qdq_s8s8_perchannel.onnx", 2},
    {"classification/mobilenet_v2_1.0_224_quant.tflite", 0},
    {"classification/tf2_mobilenet_v2_1.0_224_ptq.tflite", 0},
    {"classification/mobilenet_v1_0.25_128_quant.tflite", 0},
    {"face/face_det_lite_w8a8.tflite", 0},
    {"face/blazeface_front_fp32.tflite", 0},
    {"face/blazeface_front_int8.tflite", 0},
    {"face/yunet_120x160_float32.tflite", 0},
    {"face/yunet_120x160_full_integer_quant.tflite", 0},
    {"misc/person_detect_int8.tflite", 0},
    {"misc/mlperf_tiny_resnet8_cifar10_int8.tflite", 0},
    {"misc/mlperf_tiny_resnet8_cifar10_fp32.tflite", 0},
    {"misc/mlperf_tiny_vww96_int8.tflite", 0},
    {"misc/mnist_conv_fc_fp32.tflite", 0},
    {"misc/split_concat_u8.tflite", 0},
};

constexpr const char* kSmallModels[] = {
    "misc/mnist-8.onnx",
    "misc/conv_qdq_s8s8_perchannel.onnx",
    "misc/conv_qdq_u8u8.onnx",
    "misc/person_detect_int8.tflite",
    "face/yunet_120x160_full_integer_quant.tflite",
    "classification/mobilenet_v1_0.25_224_imagenet.onnx",
};

std::string test_name(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Prepare, RealModel, testing::ValuesIn(kModels),
                         [](const auto& each) { return test_name(each.param.path); });
INSTANTIATE_TEST_SUITE_P(Prepare, SmallRealModel, testing::ValuesIn(kSmallModels),
                         [](const auto& each) { return test_name(each.param); });

}  // namespace
}  // namespace quern
