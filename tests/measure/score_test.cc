#include "measure/calibrate/score.h"

#include <gtest/gtest.h>

#include <cmath>

#include "measure/calibrate/layer_by_layer.h"
#include "measure/calibrate/search.h"

namespace quern {
namespace {

/// A sample whose one output and one layer have these errors to a signal of 1.
SampleErrors sample(double output, double layer) {
  SampleErrors errors;
  errors.outputs.push_back({1, output, 1, 1, 1000});
  errors.layers.push_back({1, layer, 1, 1, 1000});
  return errors;
}

TEST(Judgement, PoolsSamplesBeforeTakingDecibels) {
  Judgement judgement;
  judgement.add({sample(0.1, 0.1), sample(0.001, 0.001)});
  EXPECT_NEAR(judgement.outputs_db(), 10 * std::log10(2 / 0.101), 1e-9);
}

TEST(Judgement, CountsOutputsByHowManyNumbersTheyHave) {
  Judgement judgement;
  judgement.add({sample(0.1, 0.001)});
  EXPECT_NEAR(judgement.score_db(), 20, 1e-9);  // 1000 numbers: as much as the layers
}

TEST(StandardError, IsSmallWhereAllSamplesAgree) {
  Judgement a;
  Judgement even;
  Judgement uneven;
  for (int i = 0; i < 6; ++i) {
    const double noise = 0.01 * (1 + i);
    a.add({sample(noise, noise)});
    even.add({sample(0.8 * noise, 0.8 * noise)});
    const double other = noise * (i % 2 == 0 ? 0.4 : 1.2);
    uneven.add({sample(other, other)});
  }
  EXPECT_NEAR(standard_error(a, even), 0, 1e-9);
  EXPECT_GT(even.score_db() - a.score_db(), 0.9);
  EXPECT_GT(standard_error(a, uneven), 0.5);
}

TEST(SteadyPart, TakesOutWhatAllSamplesAgreeOn) {
  const std::vector<float> agreed = {0.5F, 0.5F, 0.5F, 0.5F};
  EXPECT_FLOAT_EQ(steady_part(agreed), 0.5F);
  const std::vector<float> one_outlier = {0, 0, 0, 2};
  EXPECT_FLOAT_EQ(steady_part(one_outlier), 0);
  const std::vector<float> mostly = {0.4F, 0.6F, 0.5F, 0.5F};
  EXPECT_GT(steady_part(mostly), 0.48F);
  EXPECT_LT(steady_part(mostly), 0.5F);
}

TEST(StandingRecipe, IsWhatTheUserAskedFor) {
  QuantizeOptions options;
  EXPECT_EQ(standing_recipe(options).ranges.method, Calibration::mse);
  EXPECT_GT(standing_recipe(options).ranges.widen, 1);
  options.calibration = Calibration::percentile;
  options.equalize = false;
  EXPECT_EQ(standing_recipe(options).ranges.method, Calibration::percentile);
  EXPECT_EQ(standing_recipe(options).ranges.widen, 1);
  EXPECT_FALSE(standing_recipe(options).equalize.has_value());
}

}  // namespace
}  // namespace quern
