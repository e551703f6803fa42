#include "quern/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/programs.h"
#include "plans.h"
#include "run/layout.h"

namespace quern {
namespace {

std::shared_ptr<const Plan> add_relu() {
  return std::make_shared<const Plan>(test::add_relu_plan());
}

TEST(Session, RunsAPlanMadeByHand) {
  auto session = Session::create(add_relu(), {.threads = 1});
  ASSERT_TRUE(session.ok()) << session.error().message;
  const auto outputs = session->run({Tensor::of<float>({2, 3}, {1, 1, 1, -5, 5, -5})});
  ASSERT_TRUE(outputs.ok());
  EXPECT_THAT((*outputs)[0].data<float>(), testing::ElementsAre(2, 0, 4, 0, 3, 0));
}

TEST(Session, RefusesAnArrayOfAnotherShapeByName) {
  auto session = Session::create(add_relu());
  const auto outputs = session->run({Tensor::of<float>({3}, {1, 2, 3})});
  ASSERT_FALSE(outputs.ok());
  EXPECT_EQ(outputs.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(outputs.error().message, testing::HasSubstr("input 'x' is float32 2x3"));
}

TEST(Session, RefusesAnUnknownInstructionSet) {
  EXPECT_EQ(Session::create(add_relu(), {.isa = "avx9"}).error().code, ErrorCode::invalid_argument);
}

TEST(Session, SaysWhichKernelRan) {
  auto session = Session::create(add_relu(), {.isa = "reference"});
  ASSERT_EQ(session->steps().size(), 2U);
  EXPECT_EQ(session->steps()[0].isa, "reference");
  EXPECT_EQ(session->steps()[0].name, "add");
}

TEST(Session, ShowsEveryValueAfterARun) {
  auto session = Session::create(add_relu());
  EXPECT_FALSE(session->values().ok());
  ASSERT_TRUE(session->run({Tensor::of<float>({2, 3}, {0, 0, 0, 0, 0, 0})}).ok());
  const auto values = session->values();
  ASSERT_EQ(values->size(), 3U);  // x, sum, y; constants are not shown
  EXPECT_EQ((*values)[1].first, "sum");
  EXPECT_THAT((*values)[1].second.data<float>(), testing::ElementsAre(1, -2, 3, 1, -2, 3));
}

/// sum = Add(x, x) as an operator, y = Relu(sum) as a partition, z = Add(y, y).
Plan plan_with_a_partition() {
  test::ProgramMaker m;
  for (const char* name : {"x", "sum", "y", "z"}) m.value(name, {64});
  m.program.reads = {1};
  m.program.writes = {2};
  m.program.target = "sim:test";
  m.program.layers[0] = {"relu", "Relu", 0, true, ""};
  m.program.figures.clock_hz = 1e6;
  const auto loaded = m.load(1, 0, 0, 64);
  const auto relu = m.vector(OpKind::Relu, {test::piece(0, {64})}, test::piece(64, {64}), {loaded});
  m.store(2, 0, 64, 64, {relu});
  Plan plan;
  plan.arithmetic = Arithmetic::fixed_rule;
  plan.values = m.values;
  for (PlanValue& value : plan.values) value.quantization = {{0.5f}, {0}, 0};
  plan.steps = {{OpKind::Add, "add", "Add", ClampAttrs{}, {0, 0}, {1}},
                {OpKind::Identity, "npu_0", "", NoAttrs{}, {1}, {2}, 0, 0},
                {OpKind::Add, "twice", "Add", ClampAttrs{}, {2, 2}, {3}}};
  plan.inputs = {0};
  plan.outputs = {3};
  plan.programs.push_back(std::make_shared<const Program>(m.program));
  plan.arena_bytes = 256;
  return plan;
}

TEST(Session, RunsAPartitionOnItsMachine) {
  auto session = Session::create(std::make_shared<const Plan>(plan_with_a_partition()), {.threads = 1});
  ASSERT_TRUE(session.ok()) << session.error().message;
  Tensor x = *Tensor::make(DType::int8, {64});
  for (int i = 0; i < 64; ++i) x.mutable_data<int8_t>()[i] = static_cast<int8_t>(i - 32);
  const auto outputs = session->run({x});
  ASSERT_TRUE(outputs.ok()) << outputs.error().message;
  for (int i = 0; i < 64; ++i) EXPECT_EQ((*outputs)[0].data<int8_t>()[i], i < 32 ? 0 : std::min(127, 4 * (i - 32)));
}

TEST(Session, SaysWhatAPartitionCosts) {
  const auto session = Session::create(std::make_shared<const Plan>(plan_with_a_partition()));
  ASSERT_TRUE(session.ok());
  const StepInfo& step = session->steps()[1];
  EXPECT_EQ(step.name, "npu_0");
  EXPECT_EQ(step.kernel, "sim:test");
  EXPECT_EQ(step.layers, 1);
  EXPECT_EQ(step.cycles, 64 + 128 + 64);  // one byte a cycle
  EXPECT_DOUBLE_EQ(step.chip_ms, 0.256);
  ASSERT_EQ(session->npu_reports().size(), 1U);
  EXPECT_EQ(session->npu_reports()[0].partition, "npu_0");
}

TEST(Session, RefusesAPartitionWhoseProgramIsUnsoundByName) {
  Plan plan = plan_with_a_partition();
  Program program = *plan.programs[0];
  program.commands[1].waits.clear();
  plan.programs[0] = std::make_shared<const Program>(program);
  const auto session = Session::create(std::make_shared<const Plan>(plan));
  EXPECT_EQ(session.error().code, ErrorCode::invalid_file);
  EXPECT_THAT(session.error().message, testing::HasSubstr("partition 'npu_0': a race"));
}

TEST(Session, RefusesAPartitionWithoutAProgram) {
  Plan plan = plan_with_a_partition();
  plan.steps[1].program = 1;
  EXPECT_THAT(Session::create(std::make_shared<const Plan>(plan)).error().message,
              testing::HasSubstr("names program 1, but the plan has 1"));
}

TEST(Session, RefusesAPartitionThatTouchesValuesItsStepDoesNotName) {
  Plan plan = plan_with_a_partition();
  plan.steps[1].inputs = {0};
  EXPECT_THAT(Session::create(std::make_shared<const Plan>(plan)).error().message,
              testing::HasSubstr("partition 'npu_0' touches values"));
}

TEST(Layout, ATwinAloneIsTurnedBack) {
  NamedTensors values;
  values.emplace_back("a@nhwc", Tensor::of<float>({1, 1, 2, 2}, {1, 2, 3, 4}));  // two pixels of two channels
  const auto turned = in_file_layout(std::move(values));
  ASSERT_EQ(turned->size(), 1U);
  EXPECT_EQ((*turned)[0].first, "a");
  EXPECT_EQ((*turned)[0].second.shape(), (Shape{1, 2, 1, 2}));
  EXPECT_THAT((*turned)[0].second.data<float>(), testing::ElementsAre(1, 3, 2, 4));
}

TEST(Layout, ATwinInAnotherOrderIsTurnedBackByItsDigits) {
  NamedTensors values;
  values.emplace_back("a@021", Tensor::of<float>({1, 2, 3}, {1, 2, 3, 4, 5, 6}));
  values.emplace_back("mail@07", Tensor::of<float>({1, 2}, {1, 2}));  // no permutation: a name as any other
  const auto turned = in_file_layout(std::move(values));
  EXPECT_EQ((*turned)[0].first, "a");
  EXPECT_EQ((*turned)[0].second.shape(), (Shape{1, 3, 2}));
  EXPECT_THAT((*turned)[0].second.data<float>(), testing::ElementsAre(1, 4, 2, 5, 3, 6));
  EXPECT_EQ((*turned)[1].first, "mail@07");
}

TEST(Layout, ATwinBesideItsOriginalIsLeftOut) {
  NamedTensors values;
  values.emplace_back("a@nhwc", Tensor::of<float>({1, 1, 1, 1}, {1}));
  values.emplace_back("a", Tensor::of<float>({1, 1, 1, 1}, {1}));
  EXPECT_EQ(in_file_layout(std::move(values))->size(), 1U);
}

}  // namespace
}  // namespace quern
