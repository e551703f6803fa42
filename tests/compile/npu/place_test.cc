#include "compile/npu/place.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "compile/npu/equal.h"
#include "compile/npu/npu.h"
#include "compile/npu/rules.h"
#include "graph/infer.h"
#include "graph/text.h"
#include "plan/program_bytes.h"
#include "plan/program_rules.h"
#include "targets/sim/detail.h"

namespace quern {
namespace {

using testing::HasSubstr;

Quantization q(float scale) {
  return {{scale}, {0}, 0};
}

/// x 1xHxWxC -> Conv with a KHxKW kernel -> y, all int8.
struct OneConv {
  Graph graph;
  OneConv(const Shape& x, Pair kernel, Pair strides, int64_t out = 16) {
    const ValueId in = graph.add_value({"x", DType::int8, x, true, q(0.1f), {}});
    Tensor w = *Tensor::make(DType::int8, {out, kernel[0], kernel[1], x[3]});
    w.quantization = q(0.01f);
    const ValueId weights = graph.add_constant("w", std::move(w));
    const ValueId y = graph.add_value({"y", DType::int8, {}, false, q(0.2f), {}});
    Op& op = graph.add_op(OpKind::Conv, "stem", {in, weights}, {y});
    std::get<ConvAttrs>(op.attrs).strides = strides;
    graph.inputs = {in};
    graph.outputs = {y};
    EXPECT_TRUE(infer(graph).ok());
  }
};

std::vector<npu::Verdict> verdicts_of(const Graph& graph, const std::string& target) {
  const TargetProfile profile = *find_profile(target);
  return npu::place(lower(graph, Arithmetic::fixed_rule), profile, npu::machine_of(profile, target));
}

std::string reason_of(const Graph& graph, const std::string& target) {
  const auto verdicts = verdicts_of(graph, target);
  return verdicts.at(0).npu ? "npu" : verdicts.at(0).reason;
}

TEST(Place, AConvolutionWithinTheLimitsRunsOnTheNpu) {
  EXPECT_EQ(reason_of(OneConv({1, 32, 32, 16}, {3, 3}, {1, 1}).graph, "sim:ax620"), "npu");
}

TEST(Place, AKernelBeyondTheLimitIsNamedWithItsValueAndTheLimit) {
  const std::string reason = reason_of(OneConv({1, 32, 32, 16}, {5, 19}, {1, 1}).graph, "sim:ax620");
  EXPECT_THAT(reason, HasSubstr("kernel 5x19 is beyond 1..18 of ax620"));
  EXPECT_THAT(reason, HasSubstr("make it several smaller ones"));
}

TEST(Place, AStrideThatIsNotListedIsRefusedUnlessItEqualsASquareKernel) {
  EXPECT_THAT(reason_of(OneConv({1, 20, 20, 16}, {3, 3}, {1, 3}).graph, "sim:ax620"),
              HasSubstr("stride 1x3 of kernel 3x3"));
  EXPECT_EQ(reason_of(OneConv({1, 20, 20, 16}, {5, 5}, {5, 5}, 16).graph, "sim:generic"), "npu");
}

TEST(Place, AnOutputWidthThatIsNoMultipleOfTheStrideIsRefused) {
  EXPECT_THAT(reason_of(OneConv({1, 15, 15, 16}, {3, 3}, {2, 2}).graph, "sim:ax620"),
              HasSubstr("output width 7 is not a multiple of the stride 2"));
}

/// OneConv whose result stays float32 for the activation behind it, which stores 8 bits.
Graph conv_and_activation() {
  Graph graph = OneConv({1, 8, 8, 4}, {3, 3}, {1, 1}).graph;
  Value& sums = graph.value(graph.outputs[0]);
  sums.dtype = DType::float32;
  sums.quantization = {};
  const ValueId y = graph.add_value({"z", DType::int8, sums.shape, true, q(0.2f), {}});
  std::get<UnaryAttrs>(graph.add_op(OpKind::LeakyRelu, "leaky", {graph.outputs[0]}, {y}).attrs).alpha = 0.1;
  graph.outputs = {y};
  return graph;
}

TEST(Place, SumsThatOnlyAnActivationReadsAreAccumulators) {
  const Graph graph = conv_and_activation();
  for (const npu::Verdict& verdict : verdicts_of(graph, "sim:ax620")) EXPECT_TRUE(verdict.npu) << verdict.reason;
  for (const int64_t scratch : {4096, 65536}) {
    const EqualRun run = run_both(graph, plain_profile(scratch), 7);
    EXPECT_TRUE(run.equal && run.npu_operators == 2) << scratch << ": " << run.problem;
  }
}

TEST(Place, SumsThatLeaveTheNpuInFloat32AreNone) {
  Graph graph = conv_and_activation();
  graph.outputs.push_back(graph.ops[0].outputs[0]);
  for (const npu::Verdict& verdict : verdicts_of(graph, "sim:ax620"))
    EXPECT_THAT(verdict.reason, HasSubstr("is float32"));
}

TEST(Place, Float32IsToldToQuantize) {
  Graph graph = OneConv({1, 8, 8, 4}, {3, 3}, {1, 1}).graph;
  graph.values[0].dtype = DType::float32;
  graph.values[0].quantization = {};
  EXPECT_THAT(reason_of(graph, "sim:ax620"),
              HasSubstr("'x' is float32; this NPU computes in 8 and 16 bits: quantize the model"));
}

TEST(Place, SixteenBitsWhereTheTargetHasOnlyEight) {
  Graph graph = OneConv({1, 8, 8, 4}, {3, 3}, {1, 1}).graph;
  graph.values[0].dtype = DType::int16;
  EXPECT_THAT(reason_of(graph, "sim:ax620"),
              HasSubstr("'x' is int16, which ax620 does not compute in; keep it at 8 bits"));
}

TEST(Place, SumsThatCanLeave32BitsAreRefused) {
  const Graph graph = OneConv({1, 10, 10, 1700}, {9, 9}, {1, 1}, 1).graph;
  EXPECT_THAT(reason_of(graph, "sim:generic"), HasSubstr("sums of 137700 products can leave 32 bits"));
}

TEST(Place, WhatCannotBeCutToFitSaysHowMuchItNeeds) {
  const Graph graph = OneConv({1, 32, 32, 16}, {3, 3}, {1, 1}).graph;
  TargetProfile profile = *find_profile("sim:generic");
  profile.figures.scratch_bytes = 256;
  const auto verdicts =
      npu::place(lower(graph, Arithmetic::fixed_rule), profile, npu::machine_of(profile, "sim:generic"));
  EXPECT_THAT(verdicts.at(0).reason, HasSubstr("bytes of scratch memory, and generic has 256"));
}

TEST(Place, WhatAChipHasAndTheMachineHasNotRunsOnTheCpu) {
  const std::string x = "graph { input %x : int8[1,4,4,8] quant(0.1, 0) const %s : int8[8] quant(0.01, 0) = splat 100 ";
  const std::string y = " : int8 quant(0.1, 0) output %y }";
  for (const std::string& op :
       {x + "%y = InstanceNorm(%x, %s, %s) {axis=3}" + y, x + "%y = LayerNorm(%x, %s) {axis=3}" + y}) {
    Graph graph = *parse_text(op);
    ASSERT_TRUE(infer(graph).ok());
    const EqualRun run = run_both(graph, *find_profile("sim:qcs6490"), 3);
    EXPECT_TRUE(run.equal) << run.problem;
    EXPECT_EQ(run.cpu_operators, 1) << op;
    EXPECT_THAT(run.problem, HasSubstr("the machine of simulated NPUs does not compute it"));
  }
}

TEST(Place, KindsThatChipsHaveAndTheMachineHasNotAreThoseOfTheDocs) {
  std::set<std::string> kinds;
  for (const TargetInfo& target : simulated_targets()) {
    const TargetProfile profile = *find_profile(target.name);
    for (const OperatorRule& rule : profile.operators) {
      for (OpKind kind : rule.kinds) {
        if (rule.on_npu && !engine_of(kind)) kinds.insert(std::string(info(kind).name));
      }
    }
  }
  // docs/npu_operators.md names them; a Split is compiled as slices.
  EXPECT_THAT(kinds, testing::IsSubsetOf({"BatchNorm", "Gather", "InstanceNorm", "LayerNorm", "Split"}));
}

TEST(Arrange, ConvolutionsWhoseGroupsDoNotAgreeAreNotCutWithinAGroup) {
  // Slices of three channels of the second reach into a third of a group of the first.
  Graph graph = *parse_text(
      "graph { input %x : int8[1,12,12,6] quant(0.1, 0) const %v : int8[6,3,3,3] quant(0.01, 0) = random 1 "
      "const %w : int8[6,1,1,2] quant(0.01, 0) = random 2 %m = Conv(%x, %v) {groups=2} : int8 quant(0.2, 0) "
      "%y = Conv(%m, %w) {groups=3} : int8 quant(0.3, 0) output %y }");
  ASSERT_TRUE(infer(graph).ok());
  for (int64_t scratch = 1024; scratch <= 8192; scratch += 64) {
    const EqualRun run = run_both(graph, plain_profile(scratch), 3);
    EXPECT_TRUE(run.equal) << scratch << ": " << run.problem;
  }
}

TEST(Place, RequireNpuRefusesWithTheList) {
  LoweredPlan lowered = lower(OneConv({1, 32, 32, 16}, {5, 19}, {1, 1}).graph, Arithmetic::fixed_rule);
  CompileOptions options{"sim:ax620"};
  options.require_npu_pct = 100;
  const auto placement = npu::compile_for_npu(lowered, *find_profile("sim:ax620"), options);
  ASSERT_FALSE(placement.ok());
  EXPECT_EQ(placement.error().code, ErrorCode::placement);
  EXPECT_THAT(placement.error().message, HasSubstr("Conv 'stem': kernel 5x19"));
}

TEST(Place, TwoCompilationsGiveEqualPrograms) {
  const auto bytes = [] {
    LoweredPlan lowered = lower(OneConv({1, 64, 64, 32}, {3, 3}, {1, 1}, 48).graph, Arithmetic::fixed_rule);
    EXPECT_TRUE(npu::compile_for_npu(lowered, *find_profile("sim:ax620"), {"sim:ax620"}).ok());
    return write_program(*lowered.plan.programs.at(0));
  };
  EXPECT_EQ(bytes(), bytes());
}

}  // namespace
}  // namespace quern
