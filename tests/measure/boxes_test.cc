// Average precision, by cases small enough to compute by hand.
#include <gmock/gmock.h>

#include "measure/accuracy/match_boxes.h"
#include "quern/measure.h"

namespace quern {
namespace {

using testing::DoubleNear;
using testing::Optional;

constexpr double kClose = 1e-12;

/// A true box at x, 10x10 but for the height.
TrueBox truth_at(double x, double height = 10, int category = 0) {
  return {category, x, 0, 10, height, 10 * height, false};
}

FoundBox found_at(double x, double score, double height = 10, int category = 0) {
  return {category, score, x, 0, 10, height};
}

BoxReport judge(std::vector<TrueBox> truth, std::vector<FoundBox> found, int categories = 1) {
  const JudgedPicture picture{std::move(truth), std::move(found)};
  return measure_boxes(std::span(&picture, 1), categories, {.rounds = 20});
}

TEST(AveragePrecision, PerfectBoxesGiveOne) {
  const BoxReport report = judge({truth_at(0), truth_at(50)}, {found_at(0, 0.9), found_at(50, 0.8)});
  EXPECT_THAT(report.map, Optional(DoubleNear(1, kClose)));
  EXPECT_THAT(report.recall, Optional(1.0));
  EXPECT_NEAR(report.map_ci95.low, 1, kClose);
}

TEST(AveragePrecision, RecallThatIsNotReachedCountsZero) {
  const BoxReport report = judge({truth_at(0), truth_at(50)}, {found_at(0, 0.9)});
  EXPECT_THAT(report.map, Optional(DoubleNear(51.0 / 101, kClose)));  // recall 0, 0.01 … 0.50
  EXPECT_THAT(report.recall, Optional(0.5));
}

TEST(AveragePrecision, AWrongBoxBeforeTheRightOneHalves) {
  EXPECT_THAT(judge({truth_at(0)}, {found_at(50, 0.9), found_at(0, 0.8)}).map, Optional(DoubleNear(0.5, kClose)));
  EXPECT_THAT(judge({truth_at(0)}, {found_at(50, 0.7), found_at(0, 0.8)}).map, Optional(DoubleNear(1.0, kClose)));
}

TEST(AveragePrecision, ATrueBoxIsFoundOnce) {
  const BoxReport report = judge({truth_at(0), truth_at(50)}, {found_at(0, 0.9), found_at(0, 0.8), found_at(50, 0.7)});
  EXPECT_THAT(report.map, Optional(DoubleNear((51 + 50 * 2.0 / 3) / 101, kClose)));
}

TEST(AveragePrecision, EachOverlapIsALimitOfItsOwn) {
  const BoxReport report = judge({truth_at(0)}, {found_at(0, 0.9, 6.2)});  // overlap 0.62: right at 0.50, 0.55, 0.60
  EXPECT_THAT(report.map, Optional(DoubleNear(0.3, kClose)));
  EXPECT_THAT(report.map50, Optional(DoubleNear(1, kClose)));
  EXPECT_THAT(report.map75, Optional(0.0));
}

TEST(AveragePrecision, BoxesInsideACrowdAreNeitherRightNorWrong) {
  TrueBox crowd = truth_at(100, 40);
  crowd.crowd = true;
  const BoxReport report = judge({truth_at(0), crowd}, {found_at(100, 0.9), found_at(100, 0.8, 5), found_at(0, 0.5)});
  EXPECT_THAT(report.map, Optional(DoubleNear(1, kClose)));
  EXPECT_EQ(report.categories[0].boxes, 1);
}

TEST(AveragePrecision, EqualScoresKeepTheirOrder) {
  EXPECT_THAT(judge({truth_at(0)}, {found_at(50, 0.9), found_at(0, 0.9)}).map, Optional(DoubleNear(0.5, kClose)));
  EXPECT_THAT(judge({truth_at(0)}, {found_at(0, 0.9), found_at(50, 0.9)}).map, Optional(DoubleNear(1, kClose)));
}

TEST(AveragePrecision, OnlyTheBestHundredOfAPictureCount) {
  std::vector<FoundBox> found(kMaxFound, found_at(50, 0.9));
  found.push_back(found_at(0, 0.5));
  EXPECT_THAT(judge({truth_at(0)}, found).map, Optional(0.0));
  found.erase(found.begin());
  EXPECT_THAT(judge({truth_at(0)}, found).map, Optional(DoubleNear(0.01, kClose)));
}

TEST(AveragePrecision, CategoriesAreApartAndOnesWithoutTruthAreNotCounted) {
  const BoxReport report =
      judge({truth_at(0, 10, 0), truth_at(0, 10, 1)}, {found_at(0, 0.9, 10, 0), found_at(0, 0.9, 10, 2)}, 3);
  EXPECT_THAT(report.categories[0].ap, Optional(DoubleNear(1, kClose)));
  EXPECT_THAT(report.categories[1].ap, Optional(0.0));
  EXPECT_EQ(report.categories[2].ap, std::nullopt);
  EXPECT_THAT(report.map, Optional(DoubleNear(0.5, kClose)));
}

TEST(AveragePrecision, AreasAreJudgedApart) {
  const BoxReport report = judge({truth_at(0, 10), truth_at(50, 1000)}, {found_at(0, 0.9)});
  EXPECT_THAT(report.small, Optional(DoubleNear(1, kClose)));
  EXPECT_EQ(report.medium, std::nullopt);
  EXPECT_THAT(report.large, Optional(0.0));
}

TEST(AveragePrecision, WithoutAnyTrueBoxThereIsNoNumber) {
  const BoxReport report = judge({}, {found_at(0, 0.9)});
  EXPECT_EQ(report.map, std::nullopt);
  EXPECT_EQ(report.pictures, 1);
}

TEST(AveragePrecision, ABoxWithoutAreaOverlapsNothing) {
  EXPECT_THAT(judge({truth_at(0)}, {{0, 0.9, 0, 0, 0, 0}}).map, Optional(0.0));
  EXPECT_THAT(judge({{0, 0, 0, 0, 0, 0, false}}, {{0, 0.9, 0, 0, 0, 0}}).map, Optional(0.0));
}

TEST(MatchBoxes, AnEqualBoxIsFoundByTheSecondBox) {
  const PictureBoxes boxes{0, {truth_at(0), truth_at(0)}, {found_at(0, 0.9), found_at(0, 0.8), found_at(0, 0.7)}};
  std::vector<Judgement> judgements;
  EXPECT_EQ(match_boxes(boxes, {}, judgements), 2);
  EXPECT_EQ(judgements[0].matched, 0x3ff);
  EXPECT_EQ(judgements[1].matched, 0x3ff);
  EXPECT_EQ(judgements[2].matched, 0);
}

TEST(MatchBoxes, ACountingBoxIsPreferredToABetterOneThatDoesNotCount) {
  const PictureBoxes boxes{0, {truth_at(0, 200), truth_at(0, 100)}, {found_at(0, 0.9, 150)}};
  std::vector<Judgement> judgements;
  EXPECT_EQ(match_boxes(boxes, {0, 1000}, judgements), 1);  // the box of area 2000 does not count
  EXPECT_EQ(judgements[0].ignored & 1, 0) << "overlap 0.67 with the one that counts, 0.75 with the other";
  EXPECT_EQ(judgements[0].matched & 1, 1);
}

/// `right` pictures with their box found, `wrong` without.
BoxReport judge_many(int right, int wrong, Bootstrap bootstrap) {
  std::vector<JudgedPicture> pictures;
  for (int i = 0; i < right; ++i) pictures.push_back({{truth_at(0)}, {found_at(0, 0.9)}});
  for (int i = 0; i < wrong; ++i) pictures.push_back({{truth_at(0)}, {}});
  return measure_boxes(pictures, 1, bootstrap);
}

TEST(AveragePrecision, TheIntervalHoldsTheValueAndNarrowsWithMorePictures) {
  const BoxReport few = judge_many(20, 20, {200, 1});
  const BoxReport many = judge_many(500, 500, {200, 1});
  for (const BoxReport* report : {&few, &many}) {
    EXPECT_LT(report->map50_ci95.low, *report->map50);
    EXPECT_GT(report->map50_ci95.high, *report->map50);
  }
  EXPECT_LT(many.map50_ci95.high - many.map50_ci95.low, (few.map50_ci95.high - few.map50_ci95.low) / 2);
  // The part of pictures found has a deviation of sqrt(0.25 / 1000); 95 % of it lies within ±1.96 of these.
  EXPECT_NEAR(many.map50_ci95.high - many.map50_ci95.low, 2 * 1.96 * 0.0158, 0.015);
}

TEST(AveragePrecision, ASeedGivesTheSameInterval) {
  EXPECT_EQ(judge_many(9, 5, {50, 3}).map_ci95.low, judge_many(9, 5, {50, 3}).map_ci95.low);
}

}  // namespace
}  // namespace quern
