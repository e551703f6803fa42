// Decoders on outputs made by hand.
#include <gmock/gmock.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "quern/task.h"

namespace quern {
namespace {

using testing::ElementsAre;
using testing::FloatEq;
using testing::FloatNear;
using testing::HasSubstr;

/// The model's frame is the picture.
Geometry square(int width, int height) {
  return {width, height, width, height, 1, 1, 0, 0};
}

Tensor filled(Shape shape, float value) {
  Tensor tensor = *Tensor::make(DType::float32, std::move(shape));
  for (float& v : tensor.mutable_data<float>()) v = value;
  return tensor;
}

Result<TaskResult> finish(const char* task, const std::vector<NamedTensor>& outputs, const Geometry& geometry,
                          const TaskOptions& options = {}) {
  return finish_task(*find_task(task), outputs, geometry, options);
}

// ---- classify ----

TEST(Classify, SortsByScoreThenIndex) {
  const auto result = finish("classify", {{"p", Tensor::of<float>({1, 4}, {0.2F, 0.5F, 0.5F, 0.1F})}}, {}, {.top = 3});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->labels[0].index, 1);
  EXPECT_EQ(result->labels[1].index, 2);
  EXPECT_EQ(result->labels[2].index, 0);
  EXPECT_EQ(result->labels.size(), 3U);
}

TEST(Classify, ReportsLogitsAsGivenUnlessAsked) {
  const std::vector<NamedTensor> outputs = {{"p", Tensor::of<float>({1, 2, 1, 1}, {1, 3})}};
  EXPECT_EQ(finish("classify", outputs, {})->labels[0].score, 3);
  EXPECT_NEAR(finish("classify", outputs, {}, {.softmax = true})->labels[0].score, 0.880797, 1e-6);
}

TEST(Classify, DequantizesIntegerScores) {
  Tensor scores = Tensor::of<uint8_t>({1, 2}, {0, 192});
  scores.quantization = {{1.0F / 256}, {0}, 0};
  EXPECT_EQ(finish("classify", {{"p", scores}}, {})->labels[0].score, 0.75F);
}

TEST(Classify, WarnsOfABackgroundClass) {
  const auto result = finish("classify", {{"p", Tensor::of<float>({3}, {1, 2, 3})}}, {}, {.labels = {"a", "b"}});
  EXPECT_THAT(result->notes, ElementsAre(HasSubstr("off by one")));
  EXPECT_EQ(result->labels[0].label, "");
}

TEST(Classify, PlacesNanLast) {
  const auto result = finish("classify", {{"p", Tensor::of<float>({3}, {NAN, -2, -3})}}, {});
  EXPECT_EQ(result->labels[0].index, 1);
  EXPECT_THAT(result->notes, ElementsAre(HasSubstr("NaN")));
}

TEST(Classify, NeedsAVectorOfScores) {
  const auto result = finish("classify", {{"map", filled({1, 2, 2, 3}, 0)}}, {});
  EXPECT_THAT(result.error().message, HasSubstr("'map' 1x2x2x3"));
}

// ---- face_det_lite ----

/// 640x480 without a face; `hot` cells get the logit 3 and the distances 2.5, 3.0, 3.6, 5.2 (in cells).
std::vector<NamedTensor> faces(const std::vector<int64_t>& hot, bool channels_last = false) {
  Tensor heatmap = filled({1, 1, 60, 80}, -9);
  Tensor bbox = filled(channels_last ? Shape{1, 60, 80, 4} : Shape{1, 4, 60, 80}, 0);
  constexpr float kSides[] = {2.5F, 3.0F, 3.6F, 5.2F};
  for (int64_t cell : hot) {
    heatmap.mutable_data<float>()[cell] = 3;
    for (int64_t c = 0; c < 4; ++c)
      bbox.mutable_data<float>()[channels_last ? cell * 4 + c : c * 4800 + cell] = kSides[c];
  }
  return {{"landmark", filled({1, 10, 60, 80}, 0.5F)}, {"bbox", bbox}, {"heatmap", heatmap}};
}
constexpr int64_t kCell = 27 * 80 + 18;

TEST(FaceDetLite, FindsTheBoxOfACell) {
  const auto result = finish("face_det_lite", faces({kCell}), square(640, 480));
  ASSERT_TRUE(result.ok()) << result.error().message;
  ASSERT_EQ(result->boxes.size(), 1U);
  const Detection& box = result->boxes[0];
  EXPECT_NEAR(box.x, 124, 1e-3);
  EXPECT_NEAR(box.y, 192, 1e-3);
  EXPECT_NEAR(box.width, 48.8, 1e-3);
  EXPECT_NEAR(box.height, 65.6, 1e-3);
  EXPECT_NEAR(box.score, 0.952574, 1e-6);
  EXPECT_EQ(box.landmarks[4].x, 148);
  EXPECT_EQ(box.landmarks[4].y, 220);
}

TEST(FaceDetLite, PublishedBoxesAreWholeAndEnlarged) {
  const auto result = finish("face_det_lite", faces({kCell}), square(640, 480), {.published_boxes = true});
  const Detection& box = result->boxes[0];
  EXPECT_THAT((std::vector<float>{box.x, box.y, box.width, box.height}), ElementsAre(122, 189, 53, 72));
}

TEST(FaceDetLite, PublishedBoxesAtTheEdgeStayAsTheyAre) {
  const auto result = finish("face_det_lite", faces({0}), square(640, 480), {.published_boxes = true});
  const Detection& box = result->boxes[0];
  EXPECT_THAT((std::vector<float>{box.x, box.y, box.width, box.height}), ElementsAre(0, 0, 49, 66));
}

TEST(FaceDetLite, ReadsChannelsLastTheSame) {
  const auto first = finish("face_det_lite", faces({kCell}), square(640, 480));
  const auto last = finish("face_det_lite", faces({kCell}, true), square(640, 480));
  EXPECT_EQ(last->boxes[0].width, first->boxes[0].width);
  EXPECT_EQ(last->boxes[0].y, first->boxes[0].y);
}

TEST(FaceDetLite, PlateausGiveDoublesUntilSuppressed) {
  EXPECT_EQ(finish("face_det_lite", faces({kCell, kCell + 1}), square(640, 480))->boxes.size(), 2U);
  EXPECT_EQ(finish("face_det_lite", faces({kCell, kCell + 1}), square(640, 480), {.iou = 0.2})->boxes.size(), 1U);
}

TEST(FaceDetLite, ScalesBackToThePicture) {
  Geometry geometry = square(640, 480);
  geometry.picture_width = 320;
  geometry.scale_x = 2;
  const auto result = finish("face_det_lite", faces({kCell}), geometry);
  EXPECT_NEAR(result->boxes[0].x, 62, 1e-3);
  EXPECT_NEAR(result->boxes[0].width, 24.4, 1e-3);
}

TEST(FaceDetLite, ThresholdIsAtCode213) {  // sigmoid((212 - 207) s) = 0.54505, of 213 0.55400
  Tensor heatmap = *Tensor::make(DType::uint8, {1, 60, 80, 1});
  heatmap.quantization = {{0.03614193946123123F}, {207}, 0};
  heatmap.mutable_data<uint8_t>()[100] = 212;
  heatmap.mutable_data<uint8_t>()[2000] = 213;
  heatmap.mutable_data<uint8_t>()[4000] = 255;
  const auto result = finish(
      "face_det_lite", {{"heatmap", heatmap}, {"b", filled({1, 60, 80, 4}, 1)}, {"l", filled({1, 60, 80, 10}, 0)}},
      square(640, 480));
  ASSERT_EQ(result->boxes.size(), 2U);
  EXPECT_NEAR(result->boxes[0].score, 0.85003, 1e-5);
  EXPECT_NEAR(result->boxes[1].score, 0.55400, 1e-5);
}

TEST(FaceDetLite, ListsWhatItFoundAndNeeds) {
  const auto result = finish("face_det_lite", {{"y", filled({1, 1000}, 0)}}, square(640, 480));
  EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(result.error().message, HasSubstr("'heatmap' of 4800 cells x 1"));
  EXPECT_THAT(result.error().message, HasSubstr("'y' 1x1000"));
}

// ---- nanodet ----

/// The distances of a cell: all weight on bin `bin` of every side.
void set_distances(Tensor& tensor, int64_t at, int bin) {
  for (int64_t side = 0; side < 4; ++side) tensor.mutable_data<float>()[at + side * 8 + bin] = 100;
}

/// 320x320, three classes: cell (5, 4) of stride 8 is class 1 with the logit 2, its sides 3 strides.
Tensor plus_output() {
  Tensor output = filled({1, 2125, 35}, 0);
  auto data = output.mutable_data<float>();
  for (int64_t cell = 0; cell < 2125; ++cell) std::fill_n(&data[cell * 35], 3, -9.0F);
  data[(4 * 40 + 5) * 35 + 1] = 2;
  set_distances(output, (4 * 40 + 5) * 35 + 3, 3);
  return output;
}

TEST(NanodetPlus, DecodesLogitsAroundTheCellsCorner) {
  const auto result = finish("nanodet_plus", {{"out", plus_output()}}, square(320, 320));
  ASSERT_TRUE(result.ok()) << result.error().message;
  ASSERT_EQ(result->boxes.size(), 1U);
  const Detection& box = result->boxes[0];
  EXPECT_EQ(box.class_index, 1);
  EXPECT_NEAR(box.score, 0.880797, 1e-6);
  EXPECT_THAT((std::vector<float>{box.x, box.y, box.width, box.height}), ElementsAre(16, 8, 48, 48));
}

TEST(NanodetPlus, ClampsToTheFrameAndScalesBack) {
  Geometry geometry = square(320, 320);
  geometry.picture_width = 368;
  geometry.picture_height = 640;
  geometry.scale_x = 320.0 / 368;
  geometry.scale_y = 0.5;
  Tensor output = plus_output();
  set_distances(output, (4 * 40 + 5) * 35 + 3, 7);  // half 3, half 7: sides of 5 strides, beyond the top
  const auto result = finish("nanodet_plus", {{"out", output}}, geometry);
  EXPECT_NEAR(result->boxes[0].y, 0, 1e-4);
  EXPECT_NEAR(result->boxes[0].height, 144, 1e-3);
  EXPECT_NEAR(result->boxes[0].width, 80 * 1.15, 1e-3);
}

TEST(NanodetPlus, LabelsTellTheNumberOfBins) {
  Tensor output = filled({1, 2125, 3 + 4 * 11}, 0);
  auto data = output.mutable_data<float>();
  data[2] = 0.9F;
  for (int64_t side = 0; side < 4; ++side) data[3 + side * 11 + 10] = 100;
  const auto result = finish("nanodet_plus", {{"out", output}}, square(320, 320), {.labels = {"a", "b", "c"}});
  ASSERT_EQ(result->boxes.size(), 1U);
  EXPECT_EQ(result->boxes[0].label, "c");
  EXPECT_EQ(result->boxes[0].width, 80);
}

TEST(Nanodet, ReadsAScoreAndADistanceArrayPerLevel) {
  std::vector<NamedTensor> outputs;
  for (int64_t cells : {16, 4, 1}) {  // distances before scores: told apart by their 32 channels
    outputs.push_back({"d" + std::to_string(cells), filled({1, cells, 32}, 0)});
    outputs.push_back({"s" + std::to_string(cells), filled({1, cells, 80}, 0)});
  }
  outputs[3].tensor.mutable_data<float>()[16] = 0.75F;  // stride 16, cell 0, class 16
  set_distances(outputs[2].tensor, 0, 1);
  const auto result = finish("nanodet", outputs, square(32, 32));
  ASSERT_TRUE(result.ok()) << result.error().message;
  ASSERT_EQ(result->boxes.size(), 1U);
  EXPECT_EQ(result->boxes[0].label, "dog");
  EXPECT_EQ(result->boxes[0].x, 0);  // centre 8, side 16, clamped
  EXPECT_EQ(result->boxes[0].width, 24);
}

TEST(Nanodet, SuppressesPerClassOnly) {
  Tensor output = filled({1, 2125, 34}, 0);
  auto data = output.mutable_data<float>();
  data[1000 * 34] = 0.9F;
  data[1000 * 34 + 1] = 0.8F;
  data[1001 * 34] = 0.7F;
  for (int64_t cell : {1000, 1001}) set_distances(output, cell * 34 + 2, 5);
  const auto result = finish("nanodet_plus", {{"out", output}}, square(320, 320));
  ASSERT_EQ(result->boxes.size(), 2U);
  EXPECT_EQ(result->boxes[0].class_index, 0);
  EXPECT_EQ(result->boxes[1].class_index, 1);
}

// ---- the others ----

TEST(FastestDet, CombinesObjectnessAndClass) {
  Tensor output = filled({1, 7, 2, 2}, 0);  // two classes on a 2x2 grid
  auto data = output.mutable_data<float>();
  data[3] = 0.9F;          // objectness of the last cell
  data[6 * 4 + 3] = 0.8F;  // its second class
  const auto result = finish("fastestdet", {{"758", output}}, square(32, 32));
  ASSERT_EQ(result->boxes.size(), 1U);
  const Detection& box = result->boxes[0];
  EXPECT_EQ(box.class_index, 1);
  EXPECT_NEAR(box.score, std::pow(0.9, 0.6) * std::pow(0.8, 0.4), 1e-6);
  EXPECT_THAT((std::vector<float>{box.x, box.y, box.width, box.height}), ElementsAre(8, 8, 16, 16));
}

/// 32x32: grids of 16, 4 and 1 cells.
std::vector<NamedTensor> yunet_outputs(bool named) {
  std::vector<NamedTensor> outputs;
  const struct {
    const char* name;
    int64_t channels;
  } heads[] = {{"cls", 1}, {"obj", 1}, {"bbox", 4}, {"kps", 10}};
  for (const auto& head : heads) {
    for (int64_t stride : {8, 16, 32}) {
      const int64_t cells = (32 / stride) * (32 / stride);
      outputs.push_back({named ? fmt::format("{}_{}", head.name, stride) : "x", filled({1, cells, head.channels}, 0)});
    }
  }
  outputs[0].tensor.mutable_data<float>()[5] = 0.81F;
  outputs[3].tensor.mutable_data<float>()[5] = 1.5F;  // clamped to 1
  return outputs;
}

TEST(Yunet, DecodesOneCell) {
  const auto result = finish("yunet", yunet_outputs(true), square(32, 32));
  ASSERT_TRUE(result.ok()) << result.error().message;
  ASSERT_EQ(result->boxes.size(), 1U);
  const Detection& box = result->boxes[0];
  EXPECT_NEAR(box.score, 0.9, 1e-6);
  EXPECT_THAT((std::vector<float>{box.x, box.y, box.width, box.height}), ElementsAre(4, 4, 8, 8));
  EXPECT_EQ(box.landmarks[0].x, 8);
}

TEST(Yunet, MatchesByNameInAnyOrderAndByShapeWithoutNames) {
  auto shuffled = yunet_outputs(true);
  std::reverse(shuffled.begin(), shuffled.end());
  EXPECT_NEAR(finish("yunet", shuffled, square(32, 32))->boxes[0].score, 0.9, 1e-6);
  EXPECT_NEAR(finish("yunet", yunet_outputs(false), square(32, 32))->boxes[0].score, 0.9, 1e-6);
}

TEST(UltraFace,
     RefinesAPrior) {  // 320x240: the last of 4420 priors is 256 a side at the frame's last cell of stride 64
  Tensor scores = filled({1, 4420, 2}, 0);
  for (int64_t i = 0; i < 4420; ++i) scores.mutable_data<float>()[2 * i] = 1;
  scores.mutable_data<float>()[2 * 4419] = 0;
  scores.mutable_data<float>()[2 * 4419 + 1] = 1;
  Tensor boxes = filled({1, 4420, 4}, -0.5F);
  for (int64_t c = 0; c < 4; ++c) boxes.mutable_data<float>()[4 * 4419 + c] = 0;
  boxes.mutable_data<float>()[2] = -1;  // no box of corners has a negative width
  const auto result = finish("ultraface", {{"boxes", boxes}, {"scores", scores}}, square(320, 240));
  ASSERT_TRUE(result.ok()) << result.error().message;
  ASSERT_EQ(result->boxes.size(), 1U);
  EXPECT_NEAR(result->boxes[0].x, 320 * 4.5 / 5 - 128, 1e-3);
  EXPECT_NEAR(result->boxes[0].y, 240 * 3.5 / 4 - 120, 1e-3);  // a prior is at most the frame
  EXPECT_NEAR(result->boxes[0].width, 256, 1e-3);
}

TEST(BlazeFace, AddsPixelsToAnAnchor) {
  Tensor scores = filled({1, 896, 1}, -200);
  scores.mutable_data<float>()[3] = 200;  // second anchor of the second cell
  Tensor boxes = filled({1, 896, 16}, 0);
  boxes.mutable_data<float>()[3 * 16 + 2] = 10;
  boxes.mutable_data<float>()[3 * 16 + 3] = 6;
  const auto result = finish("blazeface", {{"regressors", boxes}, {"classificators", scores}}, square(128, 128));
  ASSERT_EQ(result->boxes.size(), 1U);
  const Detection& box = result->boxes[0];
  EXPECT_THAT((std::vector<float>{box.x, box.y, box.width, box.height}), ElementsAre(7, 1, 10, 6));
  EXPECT_EQ(box.landmarks.size(), 6U);
}

TEST(Detectors, DropBoxesThatAreNotFinite) {
  auto outputs = yunet_outputs(true);
  outputs[6].tensor.mutable_data<float>()[5 * 4 + 2] = 1000;  // exp overflows
  EXPECT_TRUE(finish("yunet", outputs, square(32, 32))->boxes.empty());
}

TEST(Detectors, RefuseAGeometryWithoutAFrame) {
  for (const Task& task : tasks()) {
    if (!task.score) continue;
    EXPECT_FALSE(finish_task(task, {}, Geometry{}, {}).ok()) << task.name;
  }
}

TEST(Detectors, RefuseAModelOfAnotherTask) {
  const std::vector<NamedTensor> outputs = {{"p", filled({1, 1000}, 0)}};
  for (const Task& task : tasks()) {
    if (!task.score) continue;
    EXPECT_THAT(finish_task(task, outputs, square(320, 320), {}).error().message, HasSubstr("'p' 1x1000")) << task.name;
  }
}

// ---- the table ----

TEST(Tasks, AreFoundByName) {
  EXPECT_EQ(find_task("yunet")->name, "yunet");
  EXPECT_EQ(find_task("yunett").error().code, ErrorCode::not_found);
  EXPECT_THAT(find_task("yunett").error().message, HasSubstr("did you mean 'yunet'"));
}

TEST(Tasks, HaveRecordsThatReadBack) {
  for (const Task& task : tasks()) EXPECT_EQ(*parse_preprocess(to_text(task.preprocess)), task.preprocess) << task.name;
}

TEST(Dequantize, UsesTheScaleOfEachSlice) {
  Tensor q = Tensor::of<int8_t>({2, 2}, {1, 2, 3, 4});
  q.quantization = {{1.0F, 10.0F}, {0, 1}, 1};
  const auto values = dequantize(q);
  ASSERT_TRUE(values.ok());
  const auto data = values->data<float>();
  EXPECT_THAT((std::vector<float>{data.begin(), data.end()}), ElementsAre(1, 10, 3, 30));
}

TEST(Dequantize, RefusesScalesThatFitNoAxis) {
  Tensor q = Tensor::of<int8_t>({2, 2}, {1, 2, 3, 4});
  q.quantization = {{1.0F, 2.0F, 3.0F}, {0, 0, 0}, 1};
  EXPECT_EQ(dequantize(q).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace quern
