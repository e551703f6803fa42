#include "targets/sim/detail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "small_profile.h"

namespace quern {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const TargetFigureRow& figure(const TargetDetail& target, const std::string& name) {
  for (const TargetFigureRow& row : target.figures) {
    if (row.name == name) return row;
  }
  ADD_FAILURE() << "no figure " << name;
  return target.figures.front();
}

TEST(Detail, EveryShippedTargetIsListedAsUsable) {
  const auto rows = simulated_targets();
  ASSERT_EQ(rows.size(), shipped_profiles().size());
  for (const TargetInfo& row : rows) {
    EXPECT_TRUE(row.available) << row.reason;
    EXPECT_THAT(row.name, testing::StartsWith("sim:"));
    EXPECT_THAT(row.reason, testing::StartsWith("simulated; "));
  }
}

TEST(Detail, ReasonSaysHowWellALatencyIsMet) {
  std::map<std::string, std::string> reasons;
  for (const TargetInfo& row : simulated_targets()) reasons[row.name] = row.reason;
  EXPECT_THAT(reasons["sim:qcs6490"], HasSubstr("latency fitted to 19 published figures, median"));
  EXPECT_THAT(reasons["sim:ax620"], HasSubstr("15 published figures of mode 111"));
  EXPECT_EQ(reasons["sim:generic"], "simulated; held against no published latency");
}

TEST(Detail, FiguresAreThoseOfTheModeWithTheirOrigin) {
  const auto whole = describe_target("sim:ax620");
  const auto half = describe_target("sim:ax620", 111);
  ASSERT_TRUE(whole.ok() && half.ok());
  EXPECT_EQ(figure(*whole, "macs_per_cycle.int8").value, "2048");
  EXPECT_EQ(figure(*half, "macs_per_cycle.int8").value, "1024");
  EXPECT_THAT(figure(*half, "macs_per_cycle.int8").source, HasSubstr("this mode's share is 0.5"));
  EXPECT_EQ(figure(*half, "mac_efficiency").origin, "fitted");
  EXPECT_EQ(figure(*half, "macs_per_cycle.int8").origin, "published");
  EXPECT_TRUE(half->modes[1].selected);
  EXPECT_FALSE(half->modes[0].selected);
}

TEST(Detail, LimitsAreWords) {
  const OperatorRule* conv = nullptr;
  const TargetProfile profile = test::small_profile();
  conv = rule_for(profile, OpKind::Conv);
  EXPECT_THAT(limits_of(*conv),
              ElementsAre("kernel with dilation 1 to 18",
                          "strides 1x1, 2x2, the kernel's when it is Nx1 (Nx1 and 1xN not with N 2 or 3)", "pad 0 to 4",
                          "a sentence"));
  EXPECT_THAT(limits_of(*rule_for(profile, OpKind::ArgMax)), ElementsAre("rank 4", "only after Conv"));
  EXPECT_THAT(limits_of(*rule_for(profile, OpKind::Pad)), ElementsAre("mode constant", "value 0 or -inf"));
  EXPECT_THAT(limits_of(*rule_for(profile, OpKind::Lrn)), ElementsAre());
}

TEST(Detail, WhatIsNotSimulatedIsRefused) {
  const auto cpu = describe_target("cpu");
  ASSERT_FALSE(cpu.ok());
  EXPECT_EQ(cpu.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(describe_target("sim:ax620", 5).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace quern
