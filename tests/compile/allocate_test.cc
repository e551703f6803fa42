#include "compile/allocate.h"

#include <gtest/gtest.h>

#include <random>

namespace quern {
namespace {

/// A chain of `steps` operators over values of the given sizes: value i to value i+1.
LoweredPlan chain(const std::vector<int64_t>& sizes) {
  LoweredPlan lowered;
  for (size_t i = 0; i < sizes.size(); ++i) {
    PlanValue value{"v" + std::to_string(i)};
    value.bytes = sizes[i];
    lowered.plan.values.push_back(value);
    lowered.alias.push_back(static_cast<int>(i));
    if (i > 0)
      lowered.plan.steps.push_back({OpKind::Relu, "", "", NoAttrs{}, {static_cast<int>(i) - 1}, {static_cast<int>(i)}});
  }
  lowered.plan.inputs = {0};
  lowered.plan.outputs = {static_cast<int>(sizes.size()) - 1};
  return lowered;
}

TEST(Allocate, AChainNeedsItsTwoLargestNeighbours) {
  LoweredPlan lowered = chain({64, 1024, 256, 1024, 64});
  ASSERT_TRUE(allocate(lowered, false).ok());
  EXPECT_EQ(lowered.plan.arena_bytes, 1024 + 256);
}

TEST(Allocate, KeptValuesNeverShare) {
  LoweredPlan lowered = chain({64, 128, 64});
  ASSERT_TRUE(allocate(lowered, true).ok());
  EXPECT_EQ(lowered.plan.arena_bytes, 64 + 128 + 64);
}

TEST(Allocate, AViewSharesItsOwnersPlace) {
  LoweredPlan lowered = chain({64, 128, 128, 64});
  lowered.alias[2] = 1;
  lowered.plan.steps.erase(lowered.plan.steps.begin() + 1);
  ASSERT_TRUE(allocate(lowered, false).ok());
  EXPECT_EQ(lowered.plan.values[1].offset, lowered.plan.values[2].offset);
}

TEST(Allocate, RefusesAnArenaBeyondTheLimit) {
  LoweredPlan lowered = chain({int64_t{1} << 30, int64_t{1} << 31, 64});
  EXPECT_EQ(allocate(lowered, false).error().code, ErrorCode::out_of_memory);
}

TEST(Allocate, ValuesThatLiveTogetherNeverOverlap) {
  std::mt19937 random(3);
  for (int round = 0; round < 50; ++round) {
    LoweredPlan lowered = chain(std::vector<int64_t>(12, 1));
    Plan& plan = lowered.plan;
    for (PlanValue& value : plan.values) value.bytes = 1 + random() % 500;
    for (size_t s = 1; s < plan.steps.size(); ++s) plan.steps[s].inputs.push_back(static_cast<int>(random() % (s + 1)));
    ASSERT_TRUE(allocate(lowered, false).ok());
    const int end = static_cast<int>(plan.steps.size());
    std::vector<int> last(plan.values.size(), -1);
    for (int s = 0; s < end; ++s) {
      for (int id : plan.steps[static_cast<size_t>(s)].inputs) last[static_cast<size_t>(id)] = s;
    }
    last.back() = end;
    for (size_t a = 0; a < plan.values.size(); ++a) {
      for (size_t b = a + 1; b < plan.values.size(); ++b) {
        // Value i is made by step i-1; a lives while b is made when its last reader is not before that step.
        if (last[a] < static_cast<int>(b) - 1) continue;
        const bool apart = plan.values[a].offset + plan.values[a].bytes <= plan.values[b].offset ||
                           plan.values[b].offset + plan.values[b].bytes <= plan.values[a].offset;
        EXPECT_TRUE(apart) << "round " << round << ": values " << a << " and " << b;
      }
    }
  }
}

}  // namespace
}  // namespace quern
