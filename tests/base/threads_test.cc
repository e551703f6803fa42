#include "base/threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

namespace quern {
namespace {

class ThreadPoolTest : public testing::TestWithParam<int> {};

TEST_P(ThreadPoolTest, EveryIndexOnceHotOrParked) {
  ThreadPool pool(GetParam());
  for (int round = 0; round < 200; ++round) {
    std::vector<std::atomic<int>> seen(97);
    const auto count = [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) ++seen[static_cast<size_t>(i)];
    };
    if (round % 2 == 0) {
      const ThreadPool::Hot hot(pool);
      pool.parallel_for(97, 3, count);
    } else {
      pool.parallel_for(97, 3, count);
    }
    for (auto& n : seen) ASSERT_EQ(n.load(), 1);
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, ThreadPoolTest, testing::Values(1, 2, 3, 8));

TEST(ThreadPool, RangesAreMultiplesOfTheGrain) {
  ThreadPool pool(2);
  pool.parallel_for(100, 8, [](int64_t begin, int64_t end) {
    EXPECT_EQ(begin % 8, 0);
    EXPECT_TRUE(end % 8 == 0 || end == 100);
  });
}

}  // namespace
}  // namespace quern
