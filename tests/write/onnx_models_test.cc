// Real models through a file and back.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <ostream>

#include "base/error.h"
#include "quern/session.h"
#include "support/assets.h"
#include "write/round_trip.h"

namespace quern {
namespace {

/// Open extents become 1.
Result<Graph> read_prepared(const std::string& path) {
  QUERN_TRY(Graph graph, read_model(path));
  for (ValueId id : graph.inputs) {
    for (int64_t& extent : graph.value(id).shape) extent = extent < 0 ? 1 : extent;
  }
  QUERN_CHECK(prepare(graph));
  return graph;
}

Result<std::vector<Tensor>> run(const Graph& graph, const std::vector<Tensor>& inputs) {
  QUERN_TRY(const CompiledModel compiled, compile(Model(graph, {})));
  QUERN_TRY(Session session, Session::create(compiled, {.threads = 2}));
  return session.run(inputs);
}

void expect_close(const Tensor& before, const Tensor& after) {
  ASSERT_EQ(before.dtype(), after.dtype());
  ASSERT_EQ(before.shape(), after.shape());
  if (before.dtype() != DType::float32) {
    EXPECT_EQ(std::memcmp(before.raw(), after.raw(), static_cast<size_t>(before.bytes())), 0);
    return;
  }
  float most = 0, apart = 0;
  for (size_t i = 0; i < static_cast<size_t>(before.size()); ++i) {
    most = std::max(most, std::abs(before.data<float>()[i]));
    apart = std::max(apart, std::abs(before.data<float>()[i] - after.data<float>()[i]));
  }
  EXPECT_LE(apart, 1e-5f * most);
}

struct ModelRow {
  const char* path;
  bool quantized;  ///< then its outputs are the same to the bit
  int transposes;  ///< nodes in the file: never more than in the original, but for the one that mnist-8's Reshape needs
};

void PrintTo(const ModelRow& row, std::ostream* out) {
  *out << row.path;
}

class WrittenModel : public testing::TestWithParam<ModelRow> {};

TEST_P(WrittenModel, GivesTheSameNumbers) {
  QUERN_ASSET_OR_SKIP(path, GetParam().path);
  const auto graph = read_prepared(path);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  const auto back = test::read_back(*graph);
  ASSERT_TRUE(back.ok()) << back.error().message;
  const auto inputs = test::inputs_of(*graph);
  const auto expected = run(*graph, inputs);
  const auto given = run(*back, inputs);
  ASSERT_TRUE(expected.ok() && given.ok());
  for (size_t i = 0; i < expected->size(); ++i) {
    EXPECT_EQ(graph->value(graph->outputs[i]).name, back->value(back->outputs[i]).name);
    expect_close((*expected)[i], (*given)[i]);
    if (!GetParam().quantized) continue;
    EXPECT_EQ(std::memcmp((*expected)[i].raw(), (*given)[i].raw(), static_cast<size_t>((*expected)[i].bytes())), 0);
  }
}

TEST_P(WrittenModel, HasNoMoreTransposesThanItNeeds) {
  QUERN_ASSET_OR_SKIP(path, GetParam().path);
  const auto graph = read_prepared(path);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  const auto model = test::written(*graph);
  const auto& nodes = model.graph().node();
  EXPECT_EQ(std::count_if(nodes.begin(), nodes.end(), [](const auto& node) { return node.op_type() == "Transpose"; }),
            GetParam().transposes);
}

constexpr ModelRow kModels[] = {
    {"bench/face_det_lite.onnx", false, 0},
    {"bench/face_det_lite.qdq.onnx", true, 0},
    {"bench/mobilenet_v1.qdq.onnx", true, 0},
    {"bench/mobilenet_v2.qdq.onnx", true, 0},
    {"bench/nanodet_plus_m_320.onnx", false, 17},
    {"bench/nanodet_plus_m_320.qdq.onnx", true, 17},
    {"bench/squeezenet1_1.onnx", false, 0},
    {"bench/squeezenet1_1.qdq.onnx", true, 0},
    {"classification/mobilenet_v1_0.25_224_imagenet.onnx", false, 0},
    {"classification/mobilenet_v2_0.5_128_2class_float.onnx", false, 0},
    {"classification/mobilenet_v2_qoperator_int8.onnx", true, 0},
    {"classification/squeezenet_v1.1_caffe.onnx", false, 0},
    {"face/ultraface_RFB-320_simplified.onnx", false, 8},
    {"face/yunet_n_320_320.onnx", false, 6},
    {"misc/conv_qdq_s8s8_perchannel.onnx", true, 0},
    {"misc/conv_qdq_u8u8.onnx", true, 0},
    {"misc/mnist-8.onnx", false, 1},
    {"nanodet/fastestdet.onnx", false, 0},
    {"nanodet/nanodet_m_416.onnx", false, 22},
    {"face/blazeface_front_fp32.tflite", false, 5},
    {"face/blazeface_front_int8.tflite", true, 5},
    {"face/yunet_120x160_full_integer_quant.tflite", true, 5},
    {"misc/person_detect_int8.tflite", true, 0},
};

INSTANTIATE_TEST_SUITE_P(Assets, WrittenModel, testing::ValuesIn(kModels), [](const auto& row) {
  std::string name = row.param.path;
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
});

}  // namespace
}  // namespace quern
