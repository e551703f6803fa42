#include "measure/calibrate/ranges.h"

#include <gtest/gtest.h>

namespace quern {
namespace {

/// 10,000 numbers spread evenly over 0…1, and one at 10.
Tally with_an_outlier() {
  Tally seen;
  seen.range = {0, 10};
  seen.mean_range = {0, 2};
  seen.histogram.range = seen.range;
  seen.histogram.counts.assign(Histogram::kBins, 0);
  std::vector<float> numbers(10000);
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i) / 10000;
  numbers.push_back(10);
  seen.histogram.add(numbers);
  return seen;
}

Range chosen(Calibration method, double percentile = 99.9) {
  RangeOptions options;
  options.method = method;
  options.percentile = percentile;
  return choose_range(with_an_outlier(), options);
}

TEST(ChooseRange, MinMaxIsWhatWasSeen) {
  EXPECT_EQ(chosen(Calibration::minmax), (Range{0, 10}));
}

TEST(ChooseRange, MovingAverageIsTheMeanOfTheSamples) {
  EXPECT_EQ(chosen(Calibration::moving_average), (Range{0, 2}));
}

TEST(ChooseRange, PercentileLeavesTheOutlierOut) {
  const Range range = chosen(Calibration::percentile);
  EXPECT_LT(range.high, 1.1F);
  EXPECT_GT(range.high, 0.9F);
}

TEST(ChooseRange, MsePaysForTheOutlierAsMuchAsItCosts) {
  // Clipping one number by 7.5 costs 56; a step of 10/255 over 10,001 numbers costs 1.3: the outlier stays.
  EXPECT_GT(chosen(Calibration::mse).high, 8);
  Tally seen = with_an_outlier();
  for (double& count : seen.histogram.counts) count *= count > 1 ? 1000 : 1;
  EXPECT_LT(choose_range(seen, {}).high, 8);
}

TEST(ChooseRange, EntropyStaysInsideWhatWasSeen) {
  const Range range = chosen(Calibration::entropy);
  EXPECT_GE(range.low, 0);
  EXPECT_LE(range.high, 10);
  EXPECT_GT(range.high, 1);
}

TEST(ChooseRange, WidensByTheFactorAsked) {
  RangeOptions options;
  options.method = Calibration::minmax;
  options.widen = 1.5F;
  EXPECT_EQ(choose_range(with_an_outlier(), options), (Range{0, 15}));
}

}  // namespace
}  // namespace quern
