#include <gmock/gmock.h>

#include <numeric>

#include "measure/accuracy/bootstrap.h"
#include "quern/measure.h"

namespace quern {
namespace {

using testing::DoubleNear;
using testing::Optional;

TEST(Classes, TopOneAndTopFiveAreCounted) {
  const std::vector<ClassAnswer> answers = {
      {0, {0, 1, 2, 3, 4}}, {1, {0, 1, 2, 3, 4}}, {4, {0, 1, 2, 3, 4}}, {5, {0, 1, 2, 3, 4}}};
  const ClassReport report = measure_classes(answers, 6);
  EXPECT_EQ(report.pictures, 4);
  EXPECT_EQ(report.top1, 0.25);
  EXPECT_THAT(report.top5, Optional(0.75));
}

TEST(Classes, FiveClassesHaveNoTopFive) {
  EXPECT_EQ(measure_classes(std::vector<ClassAnswer>{{0, {0, 1, 2, 3, 4}}}, 5).top5, std::nullopt);
}

TEST(Classes, EachClassKnowsItsMostFrequentMistake) {
  const std::vector<ClassAnswer> answers = {{0, {2}}, {0, {1}}, {0, {1}}, {0, {0}}, {1, {0}}, {1, {2}}, {2, {2}}};
  const ClassReport report = measure_classes(answers, 3);
  EXPECT_EQ(report.classes[0].pictures, 4);
  EXPECT_EQ(report.classes[0].right, 1);
  EXPECT_EQ(report.classes[0].wrong_answer, 1);
  EXPECT_EQ(report.classes[0].wrong_count, 2);
  EXPECT_EQ(report.classes[1].wrong_answer, 0) << "the least index of equals";
  EXPECT_EQ(report.classes[2].wrong_answer, -1);
}

TEST(Classes, ConfusionsComeMostFrequentFirst) {
  const ClassReport report = measure_classes(std::vector<ClassAnswer>{{2, {0}}, {0, {1}}, {2, {0}}, {1, {1}}}, 3);
  ASSERT_EQ(report.confusions.size(), 2);
  EXPECT_EQ(report.confusions[0].truth, 2);
  EXPECT_EQ(report.confusions[0].answer, 0);
  EXPECT_EQ(report.confusions[0].count, 2);
}

TEST(Classes, TheIntervalIsThatOfAPartOfPictures) {
  std::vector<ClassAnswer> answers(400, ClassAnswer{0, {0}});
  for (size_t i = 0; i < 100; ++i) answers[i].best = {1};
  const ClassReport report = measure_classes(answers, 2, {2000, 5});
  const double deviation = 0.02165;  // sqrt(0.75 * 0.25 / 400)
  EXPECT_NEAR(report.top1_ci95.low, 0.75 - 1.96 * deviation, 0.006);
  EXPECT_NEAR(report.top1_ci95.high, 0.75 + 1.96 * deviation, 0.006);
}

TEST(Redraw, DrawsAsManyAsThereAre) {
  Redraw redraw(50, 7);
  for (int i = 0; i < 3; ++i) {
    const std::vector<int>& counts = redraw.next();
    EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), 0), 50);
  }
}

TEST(Middle95, LiesBetweenThePercentiles) {
  std::vector<double> values(1001);
  std::iota(values.rbegin(), values.rend(), 0.0);
  const Interval interval = middle_95(values);
  EXPECT_THAT(interval.low, DoubleNear(25, 1e-9));
  EXPECT_THAT(interval.high, DoubleNear(975, 1e-9));
  EXPECT_EQ(middle_95({3}).high, 3);
}

}  // namespace
}  // namespace quern
