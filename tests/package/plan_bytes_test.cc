#include "package/plan_bytes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "package/plan_check.h"
#include "plan/attr_bytes.h"
#include "quern/compile.h"
#include "quern/model.h"

namespace quern {
namespace {

Plan sample() {
  return compile(*load_model("models/stripes/stripes_int8.onnx")->with_shape("image", {1, 3, 64, 64}))->plan();
}

Result<ReadPlan> read(std::span<const std::byte> bytes) {
  ByteReader in(bytes, "a plan");
  return read_plan(in);
}

TEST(PlanBytes, ReadBackAndWrittenAgainTheyAreTheSame) {
  const Plan plan = sample();
  const PlanBytes bytes = write_plan(plan);
  auto back = read(bytes.plan);
  ASSERT_TRUE(back.ok()) << back.error().message;
  ASSERT_TRUE(check_plan(*back, static_cast<int64_t>(bytes.constants.size()), 0).ok());
  EXPECT_EQ(back->plan.steps.size(), plan.steps.size());
  EXPECT_EQ(back->plan.values[1].bytes, plan.values[1].bytes);
  back->plan.constants = plan.constants;
  EXPECT_EQ(write_plan(back->plan).plan, bytes.plan);
}

TEST(PlanBytes, EveryKindsAttributesComeBack) {
  for (int kind = 0; kind < kOpCount; ++kind) {
    ByteWriter out;
    write_attrs(default_attrs(static_cast<OpKind>(kind)), out);
    ByteReader in(out.bytes(), "attributes");
    ByteWriter again;
    write_attrs(read_attrs(static_cast<OpKind>(kind), in), again);
    EXPECT_TRUE(in.finished().ok()) << kOps[kind].name;
    EXPECT_EQ(out.bytes(), again.bytes()) << kOps[kind].name;
  }
}

TEST(PlanBytes, EveryCutIsAnError) {
  const PlanBytes bytes = write_plan(sample());
  for (size_t size = 0; size < bytes.plan.size(); ++size)
    EXPECT_FALSE(read(std::span(bytes.plan).first(size)).ok()) << size;
}

/// Without the checksum in front, a damaged plan must still be refused, or be a plan that is safe to run.
TEST(PlanBytes, DamageIsRefusedOrSafe) {
  const PlanBytes bytes = write_plan(sample());
  std::mt19937 random(11);
  int refused = 0;
  for (int round = 0; round < 4000; ++round) {
    std::vector<std::byte> damaged = bytes.plan;
    damaged[random() % damaged.size()] = static_cast<std::byte>(random());
    auto back = read(damaged);
    refused += !back.ok() || !check_plan(*back, static_cast<int64_t>(bytes.constants.size()), 0).ok() ? 1 : 0;
  }
  EXPECT_GT(refused, 1000);
}

struct Damage {
  const char* what;
  void (*make)(Plan& plan);
  const char* sentence;
};

class PlanGate : public testing::TestWithParam<Damage> {};

TEST_P(PlanGate, Refuses) {
  Plan plan = sample();
  GetParam().make(plan);
  const PlanBytes bytes = write_plan(plan);
  auto back = read(bytes.plan);
  ASSERT_TRUE(back.ok()) << back.error().message;
  const Status status = check_plan(*back, static_cast<int64_t>(bytes.constants.size()), 0);
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find(GetParam().sentence), std::string::npos) << status.error().message;
}

/// A convolution, with constant weights as its second input.
PlanStep& a_conv(Plan& plan) {
  return *std::find_if(plan.steps.begin(), plan.steps.end(), [](const PlanStep& s) { return s.kind == OpKind::Conv; });
}

PlanValue& first_computed(Plan& plan) {
  return plan.values[static_cast<size_t>(plan.steps[0].outputs[0])];
}

INSTANTIATE_TEST_SUITE_P(
    , PlanGate,
    testing::Values(
        Damage{"offset", [](Plan& p) { first_computed(p).offset = p.arena_bytes; }, "is not inside the arena"},
        Damage{"alignment", [](Plan& p) { first_computed(p).offset = 3; }, "is not inside the arena"},
        Damage{"shape", [](Plan& p) { first_computed(p).shape[1] /= 2; }, "should be"},
        Damage{"index", [](Plan& p) { p.steps[0].inputs[0] = 100000; }, "there is no value 100000"},
        Damage{"write_constant", [](Plan& p) { p.steps[0].outputs[0] = a_conv(p).inputs[1]; },
               "no memory to be written"},
        Damage{"overlap",
               [](Plan& p) { first_computed(p).offset = p.values[static_cast<size_t>(p.steps[0].inputs[0])].offset; },
               "over"},
        Damage{"constant", [](Plan& p) { p.values[static_cast<size_t>(a_conv(p).inputs[1])].constant = 9999; },
               "is constant 9999"},
        Damage{"scale", [](Plan& p) { first_computed(p).quantization.scales[0] = -1; }, "scale"},
        Damage{"stride", [](Plan& p) { std::get<ConvAttrs>(a_conv(p).attrs).strides[0] = 0; }, "stride"}),
    [](const auto& one) { return std::string(one.param.what); });

}  // namespace
}  // namespace quern
