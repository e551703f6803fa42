#include "quantize/round.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace quern {
namespace {

double cost(std::span<const float> row, const std::vector<float>& codes, const RoundBlock& block) {
  const size_t n = block.taps.size();
  double sum = 0;
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      const double a = codes[block.taps[i]] - row[block.taps[i]];
      const double b = codes[block.taps[j]] - row[block.taps[j]];
      sum += a * b * block.with[i * n + j];
    }
  }
  return sum;
}

TEST(RoundedRow, RoundsToTheNearestWithoutBlocks) {
  const std::vector<float> row = {0.4F, -0.6F, 1.5F, 200, -200};
  EXPECT_EQ(rounded_row(row, 1, {}), (std::vector<float>{0, -1, 2, 127, -127}));
}

TEST(RoundedRow, LetsErrorsCancelWhereInputsAreAlike) {
  const std::vector<float> row = {0.4F, 0.4F, 0.4F, 0.4F, 0.4F};  // the nearest lose 2 of 2
  const RoundBlock block{{0, 1, 2, 3, 4}, std::vector<double>(25, 1)};
  const std::vector<float> codes = rounded_row(row, 1, std::span(&block, 1));
  EXPECT_EQ(std::accumulate(codes.begin(), codes.end(), 0.0F), 2);
}

TEST(RoundedRow, KeepsTheNearestWhereInputsAreUnrelated) {
  const std::vector<float> row = {0.4F, 0.4F, 0.4F};
  const RoundBlock block{{0, 1, 2}, {1, 0, 0, 0, 1, 0, 0, 0, 1}};
  EXPECT_EQ(rounded_row(row, 1, std::span(&block, 1)), (std::vector<float>{0, 0, 0}));
}

TEST(RoundedRow, LeavesWhatIsExactAndWhatIsClipped) {
  const std::vector<float> row = {3, 0.4F, 0.4F, 140};
  const RoundBlock block{{0, 1, 2, 3}, std::vector<double>(16, 1)};
  const std::vector<float> codes = rounded_row(row, 1, std::span(&block, 1));
  EXPECT_EQ(codes[0], 3);
  EXPECT_EQ(codes[3], 127);
}

TEST(RoundedRow, IsNeverWorseThanTheNearestByItsSum) {
  uint32_t state = 7;
  const auto random = [&] {
    state = state * 1664525U + 1013904223U;
    return static_cast<float>(state >> 8) / 8388608.0F - 1;
  };
  int better = 0;
  for (int round = 0; round < 50; ++round) {
    constexpr size_t n = 12;
    RoundBlock block{{}, std::vector<double>(n * n, 0)};
    std::vector<float> row;
    for (size_t i = 0; i < n; ++i) block.taps.push_back(i), row.push_back(20 * random());
    for (int sample = 0; sample < 8; ++sample) {
      std::vector<float> x;
      const float common = random();
      for (size_t i = 0; i < n; ++i) x.push_back(common + 0.3F * random());
      for (size_t i = 0; i < n * n; ++i) block.with[i] += double{x[i / n]} * x[i % n];
    }
    const double nearest = cost(row, rounded_row(row, 1, {}), block);
    const double adapted = cost(row, rounded_row(row, 1, std::span(&block, 1)), block);
    EXPECT_LE(adapted, nearest * (1 + 1e-9)) << "round " << round;
    better += adapted < 0.5 * nearest ? 1 : 0;
  }
  EXPECT_GT(better, 25) << "more than half of the rows lose half of their error";
}

}  // namespace
}  // namespace quern
