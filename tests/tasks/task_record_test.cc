// Tasks from files.
#include <gmock/gmock.h>

#include <filesystem>

#include "quern/file.h"
#include "quern/task.h"

namespace quern {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// load_task of a file with this content.
Result<Task> from_record(const std::string& text) {
  const std::string path = (std::filesystem::path(testing::TempDir()) / "task_record.json").string();
  EXPECT_TRUE(write_file(path, text).ok());
  auto task = load_task(path);
  std::filesystem::remove(path);
  return task;
}

std::string complaint(const std::string& text) {
  const auto task = from_record(text);
  if (task.ok()) return "none";
  EXPECT_EQ(task.error().code, ErrorCode::invalid_file);
  EXPECT_THAT(task.error().file, HasSubstr("task_record.json"));
  return task.error().message;
}

TEST(TaskRecord, GivesADecoderOtherDefaults) {
  const auto task = from_record(
      R"({"task":"nanodet_plus","preprocess":{"order":"rgb","mean":1,"std":2},"labels":["a","b"],"score":0.1,"iou":-1})");
  ASSERT_TRUE(task.ok()) << task.error().message;
  EXPECT_EQ(task->name, "nanodet_plus");
  EXPECT_EQ(task->preprocess, *parse_preprocess("order=rgb mean=1 std=2"));
  EXPECT_THAT(task->labels, ElementsAre("a", "b"));
  EXPECT_EQ(task->score, 0.1);
  EXPECT_EQ(task->iou, -1);
}

TEST(TaskRecord, WhatIsLeftOutIsTheDecoders) {
  const auto task = from_record(R"({"task":"yunet","preprocess":"order=rgb"})");
  ASSERT_TRUE(task.ok()) << task.error().message;
  EXPECT_EQ(task->score, find_task("yunet")->score);
  EXPECT_EQ(task->preprocess.order, Order::rgb);
  EXPECT_TRUE(task->labels.empty());
}

TEST(TaskRecord, LabelsReachTheResultAndOptionsGoBeforeThem) {
  const auto task = from_record(R"({"task":"classify","labels":["low","high"]})");
  const std::vector<NamedTensor> outputs = {{"y", Tensor::of<float>({1, 2}, {0, 1})}};
  EXPECT_EQ(finish_task(*task, outputs, {}, {})->labels[0].label, "high");
  EXPECT_EQ(finish_task(*task, outputs, {}, {.labels = {"x", "y"}})->labels[0].label, "y");
}

TEST(TaskRecord, ANameIsStillAName) {
  EXPECT_EQ(load_task("yunet")->name, "yunet");
  EXPECT_THAT(load_task("yunnet").error().message, HasSubstr("did you mean 'yunet'"));
  EXPECT_EQ(load_task("absent.json").error().file, "absent.json");
}

TEST(TaskRecord, EverySlipIsNamed) {
  EXPECT_THAT(complaint("[]"), HasSubstr("not a JSON object"));
  EXPECT_THAT(complaint("{\"task\""), HasSubstr("not a JSON object"));
  EXPECT_THAT(complaint("{}"), HasSubstr("must name its decoder"));
  EXPECT_THAT(complaint(R"({"task":"yunnet"})"), HasSubstr("did you mean 'yunet'"));
  EXPECT_THAT(complaint(R"({"task":"yunet","lables":[]})"), HasSubstr("did you mean 'labels'"));
  EXPECT_THAT(complaint(R"({"task":"yunet","labels":["a",1]})"), HasSubstr("label 1 is not text"));
  EXPECT_THAT(complaint(R"({"task":"yunet","score":2})"), HasSubstr("score is 2; it lies in 0..1"));
  EXPECT_THAT(complaint(R"({"task":"yunet","iou":"x"})"), HasSubstr("iou must be a number"));
  EXPECT_THAT(complaint(R"({"task":"classify","score":0.5})"), HasSubstr("finds no boxes"));
  EXPECT_THAT(complaint(R"({"task":"yunet","preprocess":{"fit":"strech"}})"), HasSubstr("did you mean fit=stretch"));
  EXPECT_THAT(complaint(R"({"task":"yunet","preprocess":7})"), HasSubstr("preprocess must be"));
}

TEST(TaskRecord, DeepNestingIsAnErrorNotACrash) {
  const std::string deep = std::string(200000, '[') + std::string(200000, ']');
  EXPECT_THAT(complaint(R"({"task":"yunet","preprocess":{"mean":)" + deep + "}}"), HasSubstr("mean must be"));
}

}  // namespace
}  // namespace quern
