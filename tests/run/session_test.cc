#include "quern/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
