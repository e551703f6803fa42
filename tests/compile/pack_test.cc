#include "compile/pack.h"

#include <gtest/gtest.h>

#include <random>

namespace quern {
namespace {

bool apart(const std::vector<Block>& blocks) {
  for (size_t a = 0; a < blocks.size(); ++a) {
    for (size_t b = a + 1; b < blocks.size(); ++b) {
      const bool in_time = blocks[a].last < blocks[b].first || blocks[b].last < blocks[a].first;
      const bool in_place = blocks[a].offset + blocks[a].bytes <= blocks[b].offset ||
                            blocks[b].offset + blocks[b].bytes <= blocks[a].offset;
      if (!in_time && !in_place) return false;
    }
  }
  return true;
}

TEST(Pack, TheLeastIsTheGreatestSumAliveAtOnce) {
  EXPECT_EQ(least_bytes({{0, 1, 100}, {1, 2, 50}, {2, 3, 120}, {4, 3, 999}}), 170);
}

TEST(Pack, AnOrderThatIsBadLargestFirstIsFound) {
  // Largest first puts the two long blocks apart and leaves a hole; the least is 9 rows of 64.
  std::vector<Block> blocks{{0, 1, 256}, {2, 3, 256}, {1, 2, 192}, {0, 0, 192}, {3, 3, 192}};
  const int64_t peak = pack(blocks);
  EXPECT_TRUE(apart(blocks));
  EXPECT_EQ(peak, least_bytes(blocks));
}

TEST(Pack, RandomBlocksNeverOverlapAndTakeLittleMoreThanTheLeast) {
  std::mt19937 random(1);
  double worst = 0;
  for (int round = 0; round < 20; ++round) {
    std::vector<Block> blocks(40);
    for (Block& block : blocks) {
      block.first = static_cast<int>(random() % 30);
      block.last = block.first + static_cast<int>(random() % 8);
      block.bytes = 64 * (1 + random() % 50);
    }
    const int64_t peak = pack(blocks);
    EXPECT_TRUE(apart(blocks));
    worst = std::max(worst, static_cast<double>(peak) / static_cast<double>(least_bytes(blocks)));
  }
  EXPECT_LE(worst, 1.05);
}

TEST(Pack, TheSameEveryTime) {
  std::vector<Block> a{{0, 3, 128}, {1, 2, 640}, {2, 5, 192}, {4, 6, 320}};
  std::vector<Block> b = a;
  EXPECT_EQ(pack(a), pack(b));
  for (size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].offset, b[i].offset);
}

}  // namespace
}  // namespace quern
