// Layout, and the opsets in which an operator changed its form.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/infer.h"
#include "graph/verify.h"
#include "read/onnx_builder.h"
#include "support/assets.h"

namespace quern::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// One node from x to y.
struct One : OnnxBuilder {
  One(int64_t opset, const Shape& shape) : OnnxBuilder(opset) {
    input("x", shape);
    output("y");
  }
  onnx::NodeProto& make(const std::string& type, std::vector<std::string> more = {}) {
    more.insert(more.begin(), "x");
    return node(type, more, {"y"});
  }
  /// Reads, infers, and gives the shape of y.
  Shape shape_of_y() {
    auto graph = read();
    EXPECT_TRUE(graph.ok()) << onnx_message(graph);
    if (!graph.ok()) return {};
    const Status done = infer(*graph);
    EXPECT_TRUE(done.ok() && verify(*graph).ok()) << (done.ok() ? "" : done.error().message);
    return graph->value(graph->outputs[0]).shape;
  }
};

TEST(OnnxLayout, AConvolutionRunsBetweenTwins) {
  One file(17, {1, 2, 5, 5});
  file.floats("w", {3, 2, 1, 1}, {1, 2, 3, 4, 5, 6});
  file.make("Conv", {"w"});
  const auto graph = file.read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre("Transpose", "Conv", "Transpose"));
  EXPECT_NE(graph->find("x@nhwc"), kNoValue);
  EXPECT_NE(graph->find("y@nhwc"), kNoValue);
  EXPECT_THAT(graph->value(graph->find("w@ohwi")).shape, ElementsAre(3, 1, 1, 2));
  EXPECT_THAT(file.shape_of_y(), ElementsAre(1, 3, 5, 5));
}

TEST(OnnxLayout, WeightsAreTransposedElementByElement) {
  One file(17, {1, 2, 5, 5});
  file.floats("w", {1, 2, 1, 3}, {1, 2, 3, 4, 5, 6});
  file.make("Conv", {"w"});
  const auto graph = file.read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  EXPECT_THAT(graph->value(graph->find("w@ohwi")).constant->data<float>(), ElementsAre(1, 4, 2, 5, 3, 6));
}

TEST(OnnxLayout, OneTwinServesAllReaders) {
  One file(17, {1, 1, 5, 5});
  file.floats("w", {1, 1, 1, 1}, {1});
  file.node("Conv", {"x", "w"}, {"a"});
  file.node("Conv", {"x", "w"}, {"b"});
  file.node("Add", {"a", "b"}, {"y"});
  const auto graph = file.read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre("Transpose", "Conv", "Transpose", "Conv", "Transpose", "Add"));
}

TEST(OnnxLayout, OneDimensionIsReadAsAHeightOfOne) {
  One file(17, {1, 2, 9});
  file.floats("w", {3, 2, 3}, std::vector<float>(18, 1));
  set(file.make("Conv", {"w"}), "pads", std::vector<int64_t>{1, 0});
  EXPECT_THAT(file.shape_of_y(), ElementsAre(1, 3, 8));
}

TEST(OnnxLayout, ThreeDimensionsAreRefused) {
  One file(17, {1, 1, 3, 3, 3});
  file.floats("w", {1, 1, 1, 1, 1}, {1});
  file.make("Conv", {"w"});
  EXPECT_THAT(onnx_message(file.read()), HasSubstr("window has 3 axes"));
}

TEST(OnnxLayout, GroupsOfATransposedConvolutionAreRegrouped) {
  One file(17, {1, 4, 3, 3});
  file.floats("w", {4, 3, 1, 1}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  set(file.make("ConvTranspose", {"w"}), "group", 2L);
  const auto graph = file.read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  const Tensor& w = *graph->value(graph->find("w@ohwi")).constant;
  EXPECT_THAT(w.shape(), ElementsAre(6, 1, 1, 2));
  EXPECT_THAT(w.data<float>(), ElementsAre(0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11));
  EXPECT_THAT(file.shape_of_y(), ElementsAre(1, 6, 3, 3));
}

TEST(OnnxLayout, AGlobalPoolIsAReductionWithoutTransposes) {
  One file(17, {1, 3, 5, 7});
  file.make("GlobalAveragePool");
  const auto graph = file.read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre("ReduceMean"));
  EXPECT_THAT(std::get<ReduceAttrs>(graph->ops[0].attrs).axes, ElementsAre(2, 3));
}

TEST(OnnxLayout, ScalesOfAResizeFollowTheAxes) {
  One file(13, {1, 3, 4, 4});
  file.floats("s", {4}, {1, 1, 2, 3});
  file.make("Resize", {"", "s"});
  const auto graph = file.read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  EXPECT_THAT(std::get<ResizeAttrs>(only(*graph, OpKind::Resize).attrs).scales, ElementsAre(1, 2, 3, 1));
  EXPECT_THAT(file.shape_of_y(), ElementsAre(1, 3, 8, 12));
}

TEST(OnnxLayout, NamedAxesOfAResizeAreRenamed) {
  One file(18, {1, 3, 4, 4});
  file.int64s("n", {8, 6});
  set(file.make("Resize", {"", "", "n"}), "axes", std::vector<int64_t>{2, 3});
  EXPECT_THAT(file.shape_of_y(), ElementsAre(1, 3, 8, 6));
}

TEST(OnnxOpsets, ResizeOfTenMapsWithoutHalfPixel) {
  One file(10, {1, 1, 2, 2});
  file.floats("s", {4}, {1, 1, 2, 2});
  file.make("Resize", {"s"});
  const auto graph = file.read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  const auto& attrs = std::get<ResizeAttrs>(only(*graph, OpKind::Resize).attrs);
  EXPECT_EQ(attrs.coordinates, Coordinates::asymmetric);
  EXPECT_EQ(attrs.nearest, NearestMode::floor);
}

TEST(OnnxOpsets, SoftmaxBeforeThirteenFlattens) {
  One old(12, {2, 3, 4});
  old.make("Softmax");
  const auto graph = old.read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre("Flatten", "Shape", "Softmax", "Reshape"));
  EXPECT_THAT(old.shape_of_y(), ElementsAre(2, 3, 4));
  One now(13, {2, 3, 4});
  now.make("Softmax");
  EXPECT_THAT(kinds(*now.read()), ElementsAre("Softmax"));
}

TEST(OnnxOpsets, ClipBoundsAreAttributesThenInputs) {
  One old(10, {2});
  set(old.make("Clip"), "max", 6.0f);
  const auto graph = old.read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  EXPECT_EQ(std::get<UnaryAttrs>(graph->ops[0].attrs).beta, 6);
  One now(11, {2});
  set(now.make("Clip"), "max", 6.0f);
  EXPECT_THAT(onnx_message(now.read()), HasSubstr("'max'"));
}

TEST(OnnxOpsets, SqueezeAxesAreAttributesThenInputs) {
  One old(12, {1, 2, 1});
  set(old.make("Squeeze"), "axes", std::vector<int64_t>{-1});
  EXPECT_THAT(old.shape_of_y(), ElementsAre(1, 2));
  One now(13, {1, 2, 1});
  now.int64s("axes", {0});
  now.make("Squeeze", {"axes"});
  EXPECT_THAT(now.shape_of_y(), ElementsAre(2, 1));
  One wrong(13, {1, 2, 1});
  set(wrong.make("Squeeze"), "axes", std::vector<int64_t>{0});
  EXPECT_THAT(onnx_message(wrong.read()), HasSubstr("'axes' is an input at opset 13"));
}

TEST(OnnxOpsets, ReduceSumTakesAxesAsInputBeforeTheOthers) {
  One sum(13, {2, 3});
  sum.int64s("axes", {1});
  sum.make("ReduceSum", {"axes"});
  EXPECT_THAT(sum.shape_of_y(), ElementsAre(2, 1));
  One mean(13, {2, 3});
  mean.int64s("axes", {1});
  mean.make("ReduceMean", {"axes"});
  EXPECT_THAT(onnx_message(mean.read()), HasSubstr("axes are no input at opset 13"));
}

TEST(OnnxOpsets, SliceAndPadAndSplitHaveBothForms) {
  One slice(9, {4});
  auto& node = slice.make("Slice");
  set(node, "starts", std::vector<int64_t>{1});
  set(node, "ends", std::vector<int64_t>{3});
  EXPECT_THAT(slice.shape_of_y(), ElementsAre(2));
  One pad(10, {4});
  set(pad.make("Pad"), "pads", std::vector<int64_t>{1, 2});
  EXPECT_THAT(pad.shape_of_y(), ElementsAre(7));
  One split(12, {4});
  split.graph().clear_output();
  split.output("b");
  set(split.node("Split", {"x"}, {"a", "b"}), "split", std::vector<int64_t>{1, 3});
  EXPECT_THAT(split.shape_of_y(), ElementsAre(3));
}

TEST(OnnxOperators, GemmWithConstantWeightsIsFullyConnected) {
  One file(17, {1, 2});
  file.floats("b", {2, 3}, {1, 2, 3, 4, 5, 6});
  file.floats("c", {1, 3}, {7, 8, 9});
  file.make("Gemm", {"b", "c"});
  const auto graph = file.read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre("FullyConnected"));
  EXPECT_THAT(graph->value(graph->ops[0].inputs[1]).constant->data<float>(), ElementsAre(1, 4, 2, 5, 3, 6));
  EXPECT_THAT(graph->value(graph->ops[0].inputs[2]).shape, ElementsAre(3));
}

TEST(OnnxOperators, GemmWithFactorsIsComposed) {
  One file(17, {1, 2});
  file.floats("b", {2, 3}, {1, 2, 3, 4, 5, 6});
  file.floats("c", {3}, {7, 8, 9});
  set(file.make("Gemm", {"b", "c"}), "alpha", 0.5f);
  EXPECT_THAT(kinds(*file.read()), ElementsAre("MatMul", "Mul", "Add"));
  EXPECT_THAT(file.shape_of_y(), ElementsAre(1, 3));
}

TEST(OnnxOperators, ASumOfManyIsAChain) {
  One file(17, {2});
  file.node("Sum", {"x", "x", "x"}, {"y"});
  EXPECT_THAT(kinds(*file.read()), ElementsAre("Add", "Add"));
}

TEST(OnnxOperators, TrainingModeIsRefused) {
  One file(15, {1, 1, 2, 2});
  for (const char* name : {"a", "b", "c", "d"}) file.floats(name, {1}, {1});
  set(file.make("BatchNormalization", {"a", "b", "c", "d"}), "training_mode", 1L);
  EXPECT_THAT(onnx_message(file.read()), HasSubstr("'training_mode' is 1"));
}

TEST(OnnxOperators, OutputsThatAreNotComputedAreRefusedWhenRead) {
  One file(12, {1, 1, 4, 4});
  file.graph().clear_output();
  set(file.node("MaxPool", {"x"}, {"y", "where"}), "kernel_shape", std::vector<int64_t>{2, 2});
  file.output("y");
  EXPECT_TRUE(file.read().ok());
  file.output("where", onnx::TensorProto::INT64);
  EXPECT_THAT(onnx_message(file.read()), HasSubstr("'where'"));
}

class OnnxAsset : public testing::TestWithParam<const char*> {};

TEST_P(OnnxAsset, ReadsAndInfers) {
  QUERN_ASSET_OR_SKIP(path, GetParam());
  const auto graph = read_model(path);
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  EXPECT_GT(graph->ops.size(), 3U);
}

INSTANTIATE_TEST_SUITE_P(All, OnnxAsset,
                         testing::Values("bench/face_det_lite.onnx", "bench/face_det_lite.qdq.onnx",
                                         "bench/mobilenet_v1.qdq.onnx", "bench/mobilenet_v2.qdq.onnx",
                                         "bench/nanodet_plus_m_320.onnx", "bench/nanodet_plus_m_320.qdq.onnx",
                                         "bench/squeezenet1_1.onnx", "bench/squeezenet1_1.qdq.onnx",
                                         "classification/mobilenet_v1_0.25_224_imagenet.onnx",
                                         "classification/mobilenet_v2_0.5_128_2class_float.onnx",
                                         "classification/mobilenet_v2_qoperator_int8.onnx",
                                         "classification/squeezenet_v1.1_caffe.onnx",
                                         "face/ultraface_RFB-320_simplified.onnx", "face/yunet_n_320_320.onnx",
                                         "misc/conv_qdq_s8s8_perchannel.onnx", "misc/conv_qdq_u8u8.onnx",
                                         "misc/mnist-8.onnx", "nanodet/fastestdet.onnx", "nanodet/nanodet_m_416.onnx"));

}  // namespace
}  // namespace quern::test
