#include "measure/compare/distances.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace quern {
namespace {

Distance between(const std::vector<float>& reference, const std::vector<float>& candidate) {
  DistanceSum sum;
  sum.add(reference, candidate);
  return sum.result();
}

TEST(Distances, FollowTheirFormulas) {
  const Distance d = between({3, 4}, {3, 3});
  EXPECT_NEAR(d.sqnr_db, 10 * std::log10(25.0), 1e-9);
  EXPECT_NEAR(d.relative_l2, 1.0 / 5, 1e-9);
  EXPECT_NEAR(d.cosine, (9 + 12) / (5 * std::sqrt(18.0)), 1e-9);
  EXPECT_EQ(d.max_abs, 1);
  EXPECT_EQ(d.mean_abs, 0.5);
}

TEST(Distances, PoolOverSamples) {
  DistanceSum sum;
  sum.add(std::vector<float>{3}, std::vector<float>{3});
  sum.add(std::vector<float>{4}, std::vector<float>{3});
  EXPECT_NEAR(sum.result().sqnr_db, between({3, 4}, {3, 3}).sqnr_db, 1e-12);
}

TEST(Distances, OfEqualArraysAreThoseOfNoDifference) {
  for (const std::vector<float>& same : {std::vector<float>{1, -2}, std::vector<float>{0, 0}}) {
    const Distance d = between(same, same);
    EXPECT_EQ(d.sqnr_db, Distance::kMaxDb);
    EXPECT_NEAR(d.cosine, 1, 1e-12);
    EXPECT_EQ(d.relative_l2, 0);
  }
}

TEST(Distances, OfAZeroReference) {
  const Distance d = between({0, 0}, {0, 1});
  EXPECT_EQ(d.cosine, 0);
  EXPECT_EQ(d.sqnr_db, -Distance::kMaxDb);
  EXPECT_EQ(d.relative_l2, std::numeric_limits<double>::infinity());
}

TEST(Distances, CountWhatIsNotFiniteAndLeaveItOut) {
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Distance d = between({3, inf, nan, 1, inf}, {3, inf, nan, nan, -inf});
  EXPECT_EQ(d.not_finite, 2);
  EXPECT_EQ(d.sqnr_db, Distance::kMaxDb);
}

TEST(Distances, DequantizeFirst) {
  Tensor stored = Tensor::of<int8_t>({2}, {1, 3});
  stored.quantization = {{0.5F}, {1}, 0};
  EXPECT_EQ(distance(Tensor::of<float>({2}, {0, 1}), stored)->sqnr_db, Distance::kMaxDb);
  EXPECT_THAT(distance(Tensor::of<float>({2}, {0, 1}), Tensor::of<float>({1}, {0})).error().message,
              testing::HasSubstr("cannot be compared"));
}

}  // namespace
}  // namespace quern
