#include "measure/drop/fewest.h"

#include <gtest/gtest.h>

namespace quern {
namespace {

DropStep step(const std::string& name, double burden) {
  DropStep made;
  made.kept.wide = {name};
  made.operators = {name};
  made.burden = burden;
  return made;
}

std::set<std::string> names(const std::vector<DropStep>& steps) {
  std::set<std::string> all;
  for (const DropStep& one : steps) all.insert(one.operators.begin(), one.operators.end());
  return all;
}

/// Every operator that is not kept costs what is said of it.
struct Model {
  std::map<std::string, double> costs;
  int trials = 0;

  TryKept trial() {
    return [this](const std::vector<DropStep>& kept) -> Result<double> {
      ++trials;
      const std::set<std::string> saved = names(kept);
      double sum = 0;
      for (const auto& [name, cost] : costs) sum += saved.contains(name) ? 0 : cost;
      return sum;
    };
  }
};

TEST(FewestKept, KeepsNothingWhereTheLimitHolds) {
  Model model{{{"a", 1}, {"b", 1}}};
  const auto kept = fewest_kept({step("a", 1), step("b", 1)}, 2, model.trial());
  ASSERT_TRUE(kept.ok());
  EXPECT_TRUE(kept->empty());
  EXPECT_EQ(model.trials, 1);
}

TEST(FewestKept, FindsTheTwoOfManyThatMatter) {
  Model model;
  std::vector<DropStep> steps;
  for (int i = 0; i < 64; ++i) {
    const std::string name = std::to_string(i);
    model.costs[name] = i == 11 || i == 40 ? 10 : 0.01;
    steps.push_back(step(name, model.costs[name]));
  }
  const auto kept = fewest_kept(steps, 1, model.trial());
  ASSERT_TRUE(kept.ok());
  EXPECT_EQ(names(*kept), (std::set<std::string>{"11", "40"}));
  EXPECT_LT(model.trials, 15);
}

TEST(FewestKept, TakesBackWhatABurdenOverrated) {
  Model model{{{"overrated", 0}, {"culprit", 5}, {"other", 1}}};
  const auto kept = fewest_kept({step("overrated", 9), step("culprit", 5), step("other", 1)}, 1, model.trial());
  ASSERT_TRUE(kept.ok());
  EXPECT_EQ(names(*kept), std::set<std::string>{"culprit"});
}

TEST(FewestKept, GivesAllWhereEvenAllIsNotEnough) {
  Model model{{{"a", 1}, {"b", 1}, {"never", 5}}};
  const auto kept = fewest_kept({step("a", 1), step("b", 1)}, 2, model.trial());
  ASSERT_TRUE(kept.ok());
  EXPECT_EQ(names(*kept), (std::set<std::string>{"a", "b"}));
}

TEST(FewestKept, RanksByBurdenAnOperator) {
  DropStep join = step("a", 9);
  join.operators = {"a", "b", "c", "d"};
  Model model{{{"a", 2}, {"b", 2}, {"c", 2}, {"d", 2}, {"one", 8}}};
  const auto kept = fewest_kept({join, step("one", 8)}, 8, model.trial());
  ASSERT_TRUE(kept.ok());
  EXPECT_EQ(names(*kept), std::set<std::string>{"one"});
}

TEST(FewestKept, PassesErrorsOn) {
  const auto kept = fewest_kept({step("a", 1)}, 0, [](const auto&) -> Result<double> {
    return Error{ErrorCode::io, "no"};
  });
  ASSERT_FALSE(kept.ok());
  EXPECT_EQ(kept.error().code, ErrorCode::io);
}

}  // namespace
}  // namespace quern
