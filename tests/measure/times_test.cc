#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "quern/measure.h"

namespace quern {
namespace {

std::vector<double> noise(size_t count, double middle, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> jitter(middle, 0.01 * middle);
  std::vector<double> ms(count);
  for (double& one : ms) one = jitter(random);
  return ms;
}

TEST(Times, OfEqualRunsAllIsThatTime) {
  const Times times = summarize_times(std::vector<double>(50, 2.0), 0);
  EXPECT_EQ(times.median_ms, 2.0);
  EXPECT_EQ(times.std_ms, 0);
  EXPECT_EQ(times.p99_ms, 2.0);
  EXPECT_EQ(times.median_ci95.low, 2.0);
  EXPECT_EQ(times.outliers, 0);
  EXPECT_FALSE(times.drifts);
}

TEST(Times, ByHand) {
  const Times times = summarize_times({9, 1, 2, 3, 4, 10}, 1);
  EXPECT_EQ(times.min_ms, 1);
  EXPECT_EQ(times.median_ms, 3);
  EXPECT_EQ(times.mean_ms, 4);
  EXPECT_NEAR(times.std_ms, std::sqrt(50.0 / 4), 1e-12);
  EXPECT_EQ(times.p90_ms, 10);
}

TEST(Times, SlowRunsAtTheBeginningAreTheWarmup) {
  std::vector<double> ms = noise(200, 5, 1);
  for (size_t i = 0; i < 12; ++i) ms[i] *= 1.5;
  const Times times = summarize_times(ms);
  EXPECT_GE(times.warmup, 12);
  EXPECT_LE(times.warmup, 100);
  EXPECT_NEAR(times.median_ms, 5, 0.02);
}

TEST(Times, SteadyRunsLoseFewToTheWarmup) {
  EXPECT_LE(summarize_times(noise(300, 5, 2)).warmup, 150);
}

TEST(Times, AHiccupIsAnOutlierAndNoWarmup) {
  std::vector<double> ms = noise(101, 5, 3);
  ms[60] = 50;
  const Times times = summarize_times(ms, 0);
  EXPECT_EQ(times.outliers, 1);
  EXPECT_LT(times.median_ms, 5.1);
}

TEST(Times, GettingSlowerIsDrift) {
  std::vector<double> ms = noise(150, 5, 4);
  for (size_t i = 0; i < ms.size(); ++i) ms[i] *= 1 + 0.1 * static_cast<double>(i) / 150;
  const Times times = summarize_times(ms, 0);
  EXPECT_TRUE(times.drifts);
  EXPECT_NEAR(times.drift_pct, 6.6, 1.5);
  EXPECT_FALSE(summarize_times(noise(150, 5, 5), 0).drifts);
}

TEST(Times, TheMediansIntervalCoversTheTruth) {
  int covered = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    const Interval interval = summarize_times(noise(60, 5, 100 + seed), 0).median_ci95;
    covered += interval.low <= 5 && 5 <= interval.high ? 1 : 0;
  }
  EXPECT_GE(covered, 182);
}

TEST(Times, ARatioThatIsOneIsNotSignificantAndAnotherIs) {
  const Times a = summarize_times(noise(200, 5, 6), 0);
  const Times b = summarize_times(noise(200, 5, 7), 0);
  const Times c = summarize_times(noise(200, 5.2, 8), 0);
  EXPECT_FALSE(ratio_of_times(a, b).significant);
  const TimeRatio ratio = ratio_of_times(c, a);
  EXPECT_TRUE(ratio.significant);
  EXPECT_NEAR(ratio.median, 1.04, 0.01);
  EXPECT_EQ(ratio_of_times(c, a).ci95.low, ratio.ci95.low);
}

TEST(Times, ModelsRunInTurnAsOftenAsAsked) {
  std::string order;
  const std::vector<std::function<Status()>> runs = {[&] { return order += 'a', Status(); },
                                                     [&] { return order += 'b', Status(); }};
  const auto times = time_in_turn(runs, {.repeat = 3, .warmup = 1});
  ASSERT_TRUE(times.ok());
  EXPECT_EQ(order, "abbaabba");
  EXPECT_EQ((*times)[0].ms.size(), 4U);
  EXPECT_EQ((*times)[0].warmup, 1);
}

TEST(Times, TheFirstErrorEndsIt) {
  const std::vector<std::function<Status()>> runs = {[] { return Status(Error{ErrorCode::internal, "broken"}); }};
  EXPECT_EQ(time_in_turn(runs, {}).error().message, "broken");
}

TEST(Times, TheMachineHasANameAndThisProcessMemory) {
  EXPECT_FALSE(machine_info().cpu.empty());
  EXPECT_GT(machine_info().cores, 0);
  EXPECT_GT(peak_rss_bytes(), 1 << 20);
}

}  // namespace
}  // namespace quern
