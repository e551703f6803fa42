// Each rewrite: on the CPU without it, on the NPU with it, the same bytes.
#include "compile/npu/rewrite/rewrite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "compile/npu/equal.h"
#include "compile/npu/rewrite/same_bytes.h"
#include "graph/infer.h"
#include "graph/text.h"

namespace quern {
namespace {

using testing::HasSubstr;

Graph graph_of(const std::string& text) {
  auto graph = parse_text("graph { " + text + " output %y }");
  EXPECT_TRUE(graph.ok()) << graph.error().message;
  const Status inferred = infer(*graph);
  EXPECT_TRUE(inferred.ok()) << inferred.error().message;
  return *std::move(graph);
}

/// A plain machine, but for one kind.
TargetProfile with_limit(OpKind kind, void (*limit)(OperatorRule& rule)) {
  TargetProfile profile = plain_profile(1 << 17);
  OperatorRule rule = profile.operators[0];
  std::erase(profile.operators[0].kinds, kind);
  rule.kinds = {kind};
  limit(rule);
  profile.operators.push_back(std::move(rule));
  return profile;
}

TargetProfile without(OpKind kind) {
  TargetProfile profile = plain_profile(1 << 17);
  std::erase(profile.operators[0].kinds, kind);
  return profile;
}

/// Gives what the rewrite said, once all of it has held.
std::string rewritten(const std::string& text, const TargetProfile& profile) {
  const Graph graph = graph_of(text);
  const EqualRun before = run_both(graph, profile, 5);
  EXPECT_GT(before.cpu_operators, 0) << "nothing to rewrite";
  const EqualRun after = run_both(graph, profile, 5, true);
  EXPECT_TRUE(after.equal) << after.problem;
  EXPECT_EQ(after.cpu_operators, 0) << after.problem;
  return after.changes;
}

std::string conv(const std::string& x, const std::string& w, const std::string& attributes) {
  return "input %x : int8[" + x + "] quant(0.5, 3) const %w : int8[" + w +
         "] quant(0.25, 0) = random 7 %y = Conv(%x, %w) {" + attributes + "} : int8 quant(4, -5)";
}

void in_strides(OperatorRule& rule) {
  rule.output_width_in_strides = true;
}

TEST(Rewrite, AnOutputThatIsNoMultipleOfTheStrideGetsColumnsThatAreDropped) {
  EXPECT_EQ(rewritten(conv("1,15,15,8", "6,3,3,8", "strides=[2, 2]"), with_limit(OpKind::Conv, in_strides)),
            "computes 8 columns and drops 1\n");
}

TEST(Rewrite, ColumnsAreAddedOnTheLeftWhereTheRightOnesWouldSeeNothing) {
  EXPECT_EQ(rewritten(conv("1,14,14,8", "6,3,3,8", "strides=[2, 2], pads=[0, 0, 1, 1]"),
                      with_limit(OpKind::Conv, in_strides)),
            "computes 8 columns and drops 1\n");
}

TEST(Rewrite, WhatIsDroppedIsDroppedBehindTheActivationThatReadsTheSums) {
  EXPECT_EQ(rewritten("input %x : int8[1,15,15,8] quant(0.5, 3) const %w : int8[6,3,3,8] quant(0.25, 0) = random 7 "
                      "%s = Conv(%x, %w) {strides=[2, 2]} : float32 %y = LeakyRelu(%s) {alpha=0.1} : int8 quant(4, -5)",
                      with_limit(OpKind::Conv, in_strides)),
            "computes 8 columns and drops 1\n");
}

void equal_pads(OperatorRule& rule) {
  rule.symmetric_pads = true;
}

TEST(Rewrite, UnequalPadsOfATransposedConvolutionAreCropped) {
  EXPECT_THAT(rewritten("input %x : uint8[1,5,6,4] quant(0.5, 100) const %w : int8[3,3,3,4] quant(0.25, 0) = random 7 "
                        "%y = ConvTranspose(%x, %w) {strides=[2, 2], pads=[0, 1, 1, 0]} : uint8 quant(4, 90)",
                        with_limit(OpKind::ConvTranspose, equal_pads)),
              HasSubstr("pads 0 rows and 0 columns on both sides"));
}

TEST(Rewrite, UnequalPadsOfAnAverageAreCropped) {
  EXPECT_THAT(rewritten("input %x : int8[1,14,14,4] quant(0.5, 3) "
                        "%y = AveragePool(%x) {kernel=[3, 3], strides=[2, 2], pads=[0, 0, 1, 1]} : int8 quant(0.5, 3)",
                        with_limit(OpKind::AveragePool, equal_pads)),
              HasSubstr("pads 2 rows and 2 columns on both sides"));
}

TEST(Rewrite, UnequalPadsOfAConvolutionStandBeforeIt) {
  EXPECT_EQ(rewritten(conv("1,14,14,8", "6,3,3,8", "strides=[2, 2], pads=[0, 0, 1, 1]"),
                      with_limit(OpKind::Conv, equal_pads)),
            "pads its input before it\n");
}

TEST(Rewrite, PadsThatAnAverageCountsStandBeforeIt) {
  EXPECT_EQ(rewritten("input %x : int8[1,9,9,4] quant(0.5, 3) %y = AveragePool(%x) {kernel=[3, 3], pads=[1, 1, 1, 1], "
                      "count_include_pad=true} : int8 quant(0.5, 3)",
                      with_limit(OpKind::AveragePool, [](OperatorRule& rule) { rule.no_include_pad = true; })),
            "pads its input before it\n");
}

void dense(OperatorRule& rule) {
  rule.dilation = Bounds{1, 1};
}

TEST(Rewrite, ADilatedKernelBecomesADenseOne) {
  EXPECT_EQ(rewritten(conv("1,12,12,8", "6,3,3,4", "dilations=[2, 3], groups=2, pads=[2, 3, 2, 3]"),
                      with_limit(OpKind::Conv, dense)),
            "has a kernel of 5x7 with zeros between its taps\n");
  EXPECT_EQ(rewritten("input %x : int8[1,5,6,4] quant(0.5, 3) const %w : uint8[3,3,3,4] quant(0.25, 140) = random 7 "
                      "%y = ConvTranspose(%x, %w) {dilations=[2, 2]} : int8 quant(4, 9)",
                      with_limit(OpKind::ConvTranspose, dense)),
            "has a kernel of 5x5 with zeros between its taps\n");
}

TEST(Rewrite, ALargePoolBecomesTwo) {
  EXPECT_EQ(rewritten("input %x : int8[1,20,20,4] quant(0.5, 3) "
                      "%y = MaxPool(%x) {kernel=[13, 5], strides=[1, 2], pads=[6, 2, 6, 2]} : int8 quant(0.5, 3)",
                      with_limit(OpKind::MaxPool,
                                 [](OperatorRule& rule) {
                                   rule.kernel = Bounds{1, 8};
                                 })),
            "takes the greatest of windows of 8x5 and of 6x1 one behind the other\n");
}

TEST(Rewrite, StepsOfASliceArePicked) {
  EXPECT_EQ(rewritten("input %x : int8[1,20,20,4] quant(0.5, 3) "
                      "%y = Slice(%x) {starts=[1, 0], ends=[20, 20], axes=[1, 2], steps=[3, 2]} : int8 quant(0.5, 3)",
                      with_limit(OpKind::Slice,
                                 [](OperatorRule& rule) {
                                   rule.step = Bounds{1, 1};
                                 })),
            "slices in steps of 1 and picks every 3th row and 2th column\n");
}

void small_strides(OperatorRule& rule) {
  rule.strides = {{1, 1}, {2, 2}};
}

TEST(Rewrite, AStrideOfSinglePixelsIsPickedBefore) {
  EXPECT_THAT(
      rewritten(conv("1,20,20,8", "6,1,1,4", "strides=[3, 4], groups=2"), with_limit(OpKind::Conv, small_strides)),
      HasSubstr("picked before it"));
}

TEST(Rewrite, AStrideOfADepthwiseConvolutionIsPickedBehind) {
  EXPECT_THAT(
      rewritten(conv("1,20,20,8", "8,3,3,1", "strides=[3, 3], groups=8"), with_limit(OpKind::Conv, small_strides)),
      HasSubstr("computes all rows and columns"));
}

TEST(Rewrite, ALargeStrideIsFoldedIntoBlocks) {
  EXPECT_EQ(rewritten("input %x : uint8[1,35,35,3] quant(0.5, 128) const %w : int8[4,11,11,3] quant(axis=0, "
                      "scales=[0.1, 0.25, 0.3, "
                      "0.01], zero_points=[0, 0, 0, 0]) = random 7 const %b : int32[4] quant(axis=0, scales=[0.05, "
                      "0.125, 0.15, 0.005], "
                      "zero_points=[0, 0, 0, 0]) = [100, -2000, 30000, 4] "
                      "%y = Conv(%x, %w, %b) {strides=[4, 4], pads=[2, 2, 2, 2], clamp=[0, 1000]} : uint8 quant(6, 3)",
                      with_limit(OpKind::Conv, small_strides)),
            "has a kernel of 3x3 over blocks of 4x4\n");
}

TEST(Rewrite, ALargeKernelIsFoldedIntoBlocks) {
  const auto limit = [](OperatorRule& rule) { rule.kernel_extent = Bounds{1, 18}; };
  EXPECT_EQ(rewritten(conv("1,3,40,4", "5,3,19,4", "pads=[1, 9, 1, 9]"), with_limit(OpKind::Conv, limit)),
            "has a kernel of 3x10 over blocks of 1x2\n");
  EXPECT_EQ(rewritten(conv("1,33,40,2", "3,21,5,2", "pads=[10, 2, 10, 2]"), with_limit(OpKind::Conv, limit)),
            "has a kernel of 11x3 over blocks of 2x2\n");
  EXPECT_EQ(
      rewritten(conv("1,60,1,4", "5,50,1,4", "strides=[2, 1], dilations=[1, 1]"), with_limit(OpKind::Conv, limit)),
      "has a kernel of 13x1 over blocks of 4x1\n");
}

TEST(Rewrite, OutputChannelsAreComputedInParts) {
  EXPECT_EQ(
      rewritten(
          "input %x : uint8[1,6,6,3] quant(0.5, 128) const %w : int8[5,3,3,3] quant(axis=0, scales=[0.1, 0.25, 0.3, "
          "0.01, "
          "0.2], zero_points=[0, 0, 0, 0, 0]) = random 7 const %b : int32[5] quant(axis=0, scales=[0.05, 0.125, 0.15, "
          "0.005, 0.1], zero_points=[0, 0, 0, 0, 0]) = [100, -200, 300, 4, 0] %y = Conv(%x, %w, %b) : uint8 quant(1, "
          "3)",
          with_limit(OpKind::Conv,
                     [](OperatorRule& rule) {
                       rule.channels_out = Bounds{1, 4};
                     })),
      "computes its output channels in 2 parts\n");
}

TEST(Rewrite, ChannelsThatTheTargetAsksForAreZeros) {
  EXPECT_EQ(rewritten(conv("1,6,6,3", "5,3,3,3", ""), with_limit(OpKind::Conv,
                                                                 [](OperatorRule& rule) {
                                                                   rule.channels_in = Bounds{4, 999};
                                                                 })),
            "reads 1 channels of zeros besides\n");
  EXPECT_EQ(
      rewritten("input %x : int8[1,6,6,3] quant(0.5, 3) const %w : int8[2,3,3,3] quant(axis=0, scales=[0.25, 0.1], "
                "zero_points=[0, 0]) = random 7 const %b : int32[2] quant(axis=0, scales=[0.125, 0.05], "
                "zero_points=[0, 0]) = "
                "[70, -90] %y = Conv(%x, %w, %b) : int8 quant(1, 3)",
                with_limit(OpKind::Conv,
                           [](OperatorRule& rule) {
                             rule.channels_out = Bounds{8, 999};
                           })),
      "computes 6 channels of zeros besides\n");
}

TEST(Rewrite, AReductionOfTooFewAxesGetsMore) {
  EXPECT_EQ(rewritten("input %x : int8[6,5,4] quant(0.5, 3) %y = ReduceMean(%x) {axes=[0, 1], keep_dims=false} : int8 "
                      "quant(0.5, 3)",
                      with_limit(OpKind::ReduceMean,
                                 [](OperatorRule& rule) {
                                   rule.rank = Bounds{4, 4};
                                 })),
            "sees its input as 4 axes\n");
}

TEST(Rewrite, OtherPaddingsAreJoinedOfPieces) {
  const TargetProfile zeros = with_limit(OpKind::Pad, [](OperatorRule& rule) {
    rule.modes = {"constant"};
    rule.pad_values = {0};
  });
  for (const char* mode : {"reflect", "symmetric", "edge", "wrap"}) {
    EXPECT_EQ(rewritten("input %x : int8[1,6,5,4] quant(0.5, 3) %y = Pad(%x) {mode=" + std::string(mode) +
                            ", pads=[0, 2, 1, 0, 0, 3, 0, 0]} : int8 quant(0.5, 3)",
                        zeros),
              "joins its input with 6 pieces for the padding\n")
        << mode;
  }
  EXPECT_EQ(
      rewritten(
          "input %x : int8[1,6,5,4] quant(0.5, 3) %y = Pad(%x) {value=1.75, pads=[0, 2, 1, 0, 0, 3, 0, 0]} : int8 "
          "quant(0.5, 3)",
          zeros),
      "joins its input with 3 pieces for the padding\n");
}

std::string unary(const std::string& op) {
  return "input %x : int8[1,6,8,4] quant(0.5, 3) %y = " + op + " : int8 quant(0.5, -7)";
}

TEST(Rewrite, KindsThatTheTargetHasNotBecomeEqualOnes) {
  EXPECT_EQ(rewritten(unary("Relu(%x)"), without(OpKind::Relu)), "is a Clip at 0\n");
  EXPECT_EQ(rewritten(unary("Neg(%x)"), without(OpKind::Neg)), "is multiplied by -1\n");
  EXPECT_EQ(rewritten(unary("Expand(%x) {shape=[3, 6, 8, 4]}"), without(OpKind::Expand)), "is a Tile\n");
  EXPECT_EQ(rewritten(unary("ReduceMax(%x) {axes=[1, 2], keep_dims=false}"), without(OpKind::ReduceMax)),
            "is one window of a MaxPool\n");
  EXPECT_EQ(rewritten("const %i : int64[3] = [2, 3, 4] " + unary("Gather(%x, %i) {axis=2}"), without(OpKind::Gather)),
            "is a Slice of 3 along axis 2\n");
  EXPECT_EQ(rewritten("const %c : int8[1] quant(0.5, 3) = [9] " + unary("Max(%x, %c)"), without(OpKind::Max)),
            "is a Clip at 3\n");
}

TEST(Rewrite, WhatIsNotEqualIsLeft) {
  // Half of 8 bits of x * x and of a table of squares are the same number, but not always the same rounding.
  const Graph graph = graph_of("input %x : int8[1,16,16,1] quant(0.013, 3) %y = Exp(%x) : int8 quant(0.02, -7)");
  const EqualRun run = run_both(graph, without(OpKind::Exp), 5, true);
  EXPECT_TRUE(run.equal);
  EXPECT_EQ(run.cpu_operators, 1);
  EXPECT_EQ(run.changes, "");
}

TEST(Rewrite, AnActivationThatMustFollowAConvolutionGetsOne) {
  const TargetProfile profile =
      with_limit(OpKind::HardSigmoid, [](OperatorRule& rule) { rule.only_after = {OpKind::Conv}; });
  for (const char* shape : {"1,6,5,4", "7,30"}) {
    EXPECT_EQ(
        rewritten("input %x : uint8[" + std::string(shape) +
                      "] quant(0.05, 130) %y = HardSigmoid(%x) {alpha=0.2, beta=0.5} : uint8 quant(0.00390625, 0)",
                  profile),
        "follows a convolution by ones, which changes nothing\n");
  }
}

TEST(Rewrite, RealNumbersThatOnlyMoveAreMovedAsCodes) {
  TargetProfile profile = plain_profile(1 << 17);
  OperatorRule edges = profile.operators[0];
  std::erase_if(profile.operators[0].kinds, [](OpKind k) { return k == OpKind::Quantize || k == OpKind::Dequantize; });
  edges.kinds = {OpKind::Quantize, OpKind::Dequantize};
  edges.types.push_back(DType::float32);
  profile.operators.push_back(edges);
  EXPECT_EQ(
      rewritten("input %x : int8[1,6,5,4] quant(0.5, 3) %d = Dequantize(%x) %y = Transpose(%d) {perm=[0, 3, 1, 2]}",
                profile),
      "moves codes: Dequantize stands behind it\n");
  EXPECT_EQ(
      rewritten("input %x : float32[1,6,5,4] %t = Slice(%x) {starts=[1], ends=[5], axes=[1]} %y = Quantize(%t) : int8 "
                "quant(0.1, 3)",
                profile),
      "moves codes: Quantize stands before it\n");
}

TEST(Rewrite, SeveralRewritesAreFoundForOneOperator) {
  // Its width and its dilation are both refused.
  const auto limit = [](OperatorRule& rule) {
    rule.dilation = Bounds{1, 1};
    rule.output_width_in_strides = true;
  };
  EXPECT_EQ(rewritten(conv("1,15,15,8", "8,2,2,1", "strides=[2, 2], dilations=[2, 2], groups=8"),
                      with_limit(OpKind::Conv, limit)),
            "has a kernel of 3x3 with zeros between its taps; computes 8 columns and drops 1\n");
}

TEST(SameBytes, SeesEveryCode) {
  // Of 256 codes these two differ in one: Clip at 63 and at 63.5 of steps of 0.5.
  const Graph a =
      graph_of("input %x : int8[2] quant(0.5, 0) %y = Clip(%x) {alpha=-100, beta=63.5} : int8 quant(0.5, 0)");
  const Graph b = graph_of("input %x : int8[2] quant(0.5, 0) %y = Clip(%x) {alpha=-100, beta=63} : int8 quant(0.5, 0)");
  EXPECT_TRUE(npu::same_bytes(a, a, Arithmetic::fixed_rule));
  EXPECT_FALSE(npu::same_bytes(a, b, Arithmetic::fixed_rule));
}

}  // namespace
}  // namespace quern
