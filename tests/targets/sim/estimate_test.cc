// Formulas of docs/npu_targets.md, worked out by hand on the round figures of small_profile.h.
#include "targets/sim/estimate.h"

#include <gtest/gtest.h>

#include "small_profile.h"

namespace quern {
namespace {

// small_profile: 0.5e9 MACs a ms, depthwise 1e7 a ms, vector 2e6 bytes a ms, DMA 1e6 bytes a ms, 0.01 ms a layer,
// 0.1 ms a run, 64 KiB of scratch memory.

EstimateLayer conv(int64_t cin, int64_t cout, Pair kernel, int64_t pixels, std::vector<EstimateOperand> operands) {
  EstimateLayer layer;
  layer.kind = WorkKind::conv;
  layer.cin = cin;
  layer.cout = cout;
  layer.kernel = kernel;
  layer.pixels = pixels;
  layer.operands = std::move(operands);
  layer.output_bytes = pixels * cout;
  return layer;
}

EstimateLayer work(WorkKind kind, int64_t bytes, std::vector<EstimateOperand> operands) {
  EstimateLayer layer;
  layer.kind = kind;
  layer.operands = std::move(operands);
  layer.output_bytes = bytes;
  return layer;
}

TEST(Estimate, ChannelsAreRoundedUpToTheGranules) {
  const Estimate made = estimate({conv(17, 9, {3, 3}, 10000, {{-1, 0}})}, test::small_profile());
  EXPECT_EQ(made.layers[0].padded_macs, 32 * 9 * 16 * 10000);
  EXPECT_DOUBLE_EQ(made.layers[0].compute_ms, 32 * 9 * 16 * 10000 / 0.5e9);
}

TEST(Estimate, FewChannelsTakeAKernelRow) {
  TargetProfile profile = test::small_profile();
  const auto layers = {conv(3, 8, {3, 5}, 100, {{-1, 0}})};
  EXPECT_EQ(estimate(layers, profile).layers[0].padded_macs, 16 * 3 * 8 * 100);
  profile.fold_kernel_row = false;
  EXPECT_EQ(estimate(layers, profile).layers[0].padded_macs, 16 * 15 * 8 * 100);
}

TEST(Estimate, GroupsArePaddedEach) {
  EstimateLayer layer = conv(32, 32, {1, 1}, 100, {{-1, 0}});
  layer.groups = 4;
  EXPECT_EQ(estimate({layer}, test::small_profile()).layers[0].padded_macs, 4 * 16 * 8 * 100);
}

TEST(Estimate, DepthwiseHasARateOfItsOwn) {
  EstimateLayer layer = conv(20, 20, {3, 3}, 1000, {{-1, 0}});
  layer.kind = WorkKind::depthwise;
  layer.groups = 20;
  const Estimate made = estimate({layer}, test::small_profile());
  EXPECT_DOUBLE_EQ(made.layers[0].compute_ms, 24 * 9 * 1000 / 1e7);
  EXPECT_EQ(made.layers[0].bound_by, BoundBy::depthwise);
}

TEST(Estimate, WideActivationsTakeTheirOwnRate) {
  EstimateLayer layer = conv(16, 8, {1, 1}, 1000000, {{-1, 0}});
  const double narrow = estimate({layer}, test::small_profile()).layers[0].compute_ms;
  layer.wide = true;
  EXPECT_DOUBLE_EQ(estimate({layer}, test::small_profile()).layers[0].compute_ms, 2 * narrow);
}

TEST(Estimate, ActivationCostsAPassOnlyWhereTheProfileSaysSo) {
  EstimateLayer layer = conv(16, 8, {1, 1}, 1000, {{-1, 0}});
  layer.activation = OpKind::Relu;
  const double free = estimate({layer}, test::small_profile()).layers[0].compute_ms;
  layer.activation = OpKind::Sigmoid;
  EXPECT_DOUBLE_EQ(estimate({layer}, test::small_profile()).layers[0].compute_ms, free + 2 * 8000 / 2e6);
}

TEST(Estimate, SumBehindAConvolutionIsFreeElsewhereItIsVectorWork) {
  const std::vector<EstimateLayer> layers = {
      conv(16, 8, {1, 1}, 100, {{-1, 1600}}),
      work(WorkKind::join, 800, {{0, 800}, {-1, 800}}),
      work(WorkKind::join, 800, {{1, 800}, {-1, 800}}),
  };
  const Estimate made = estimate(layers, test::small_profile());
  EXPECT_TRUE(made.layers[1].fused);
  EXPECT_EQ(made.layers[1].compute_ms, 0);
  EXPECT_EQ(made.layers[1].overhead_ms, 0);
  EXPECT_FALSE(made.layers[2].fused);
  EXPECT_DOUBLE_EQ(made.layers[2].compute_ms, 2400 / 2e6);
  TargetProfile apart = test::small_profile();
  apart.fuse_add = false;
  EXPECT_DOUBLE_EQ(estimate(layers, apart).layers[1].compute_ms, 2400 / 2e6);
}

TEST(Estimate, ValuesThatFitStayInScratch) {
  const std::vector<EstimateLayer> layers = {
      work(WorkKind::vector, 30000, {{-1, 30000}}),  // in from outside
      work(WorkKind::vector, 30000, {{0, 30000}}),   // stays, but its reader is too large
      work(WorkKind::vector, 40000, {{1, 30000}}),
  };
  const Estimate made = estimate(layers, test::small_profile());
  EXPECT_EQ(made.layers[0].crossing_bytes, 30000);
  EXPECT_EQ(made.layers[1].crossing_bytes, 30000);
  EXPECT_EQ(made.layers[2].crossing_bytes, 70000);
}

TEST(Estimate, CallerMayKnowWhatCrosses) {
  EstimateLayer layer = work(WorkKind::vector, 100, {{-1, 100}});
  layer.crossing_bytes = 5000000;
  const Estimate made = estimate({layer}, test::small_profile());
  EXPECT_DOUBLE_EQ(made.layers[0].dma_ms, 5);
  EXPECT_EQ(made.layers[0].bound_by, BoundBy::dma);
}

TEST(Estimate, MovesCostNothing) {
  const Estimate made = estimate({work(WorkKind::move, 1 << 20, {{-1, 1 << 20}})}, test::small_profile());
  EXPECT_EQ(made.layers[0].total_ms, 0);
  EXPECT_EQ(made.layers[0].bound_by, BoundBy::nothing);
  EXPECT_DOUBLE_EQ(made.total_ms, 0.1);
}

TEST(Estimate, WeightsAreLoadedAheadWhileTheDmaEngineIsIdle) {
  // The first layer computes for 1 ms and transfers nothing: a million bytes could be loaded, half the scratch memory
  // is.
  EstimateLayer slow = work(WorkKind::vector, 1000000, {{-1, 980000}});
  slow.crossing_bytes = 0;
  EstimateLayer heavy = work(WorkKind::vector, 0, {});
  heavy.weight_bytes = 100000;
  heavy.crossing_bytes = 0;
  const Estimate made = estimate({slow, heavy}, test::small_profile());
  EXPECT_DOUBLE_EQ(made.layers[0].total_ms, 1.0);
  EXPECT_DOUBLE_EQ(made.layers[1].dma_ms, (100000 - 32768) / 1e6);
}

TEST(Estimate, OverheadIsChargedALayerOrALevel) {
  const std::vector<EstimateLayer> layers = {
      work(WorkKind::vector, 10, {{-1, 10}}),
      work(WorkKind::vector, 10, {{0, 10}}),
      work(WorkKind::vector, 10, {{0, 10}}),
      work(WorkKind::vector, 10, {{1, 10}, {2, 10}}),
  };
  TargetProfile profile = test::small_profile();
  const auto overhead = [&] {
    double sum = 0;
    for (const LayerEstimate& layer : estimate(layers, profile).layers) sum += layer.overhead_ms;
    return sum;
  };
  EXPECT_DOUBLE_EQ(overhead(), 0.04);
  profile.overhead = OverheadRule::level;
  EXPECT_DOUBLE_EQ(overhead(), 0.03);
  EXPECT_EQ(estimate(layers, profile).layers[3].level, 3);
}

}  // namespace
}  // namespace quern
