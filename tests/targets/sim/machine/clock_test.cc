#include "targets/sim/machine/clock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/programs.h"

namespace quern::machine {
namespace {

using test::piece;
using test::ProgramMaker;

/// Round figures, so that cycles can be counted by hand.
MachineFigures figures() {
  MachineFigures f;
  f.macs_per_cycle_8 = 1024;
  f.macs_per_cycle_16 = 256;
  f.efficiency = 0.5;
  f.gi = 16;
  f.go = 8;
  f.depthwise_per_cycle = 64;
  f.vector_bytes_per_cycle = 32;
  f.dma_bytes_per_cycle = 8;
  return f;
}

double conv_cycles(const Shape& x, const Shape& w, int64_t groups, const Shape& y, const MachineFigures& f,
                   DType dtype = DType::int8) {
  ConvAttrs attrs;
  attrs.groups = groups;
  Command command{
      Engine::conv, 0, {}, Computation{OpKind::Conv, attrs, {piece(0, x, 0, dtype), piece(0, w)}, {piece(0, y)}}};
  return cost_of(command, f).cycles;
}

TEST(Timing, OfADenseConvolutionRoundsChannelsUpToTheGranules) {
  // 10 x 10 pixels, 3x3, 20 -> 32 input and 12 -> 16 output channels: 32 * 9 * 16 * 100 / 512
  EXPECT_EQ(conv_cycles({1, 12, 12, 20}, {12, 3, 3, 20}, 1, {1, 10, 10, 12}, figures()), 900);
}

TEST(Timing, OfAGroupedConvolutionRoundsEveryGroup) {
  // 2 groups of 10 -> 16 input and 4 -> 8 output channels: 2 * 16 * 8 * 64 / 512
  EXPECT_EQ(conv_cycles({1, 8, 8, 20}, {8, 1, 1, 10}, 2, {1, 8, 8, 8}, figures()), 32);
}

TEST(Timing, FoldsAKernelRowIntoFewInputChannels) {
  MachineFigures f = figures();
  // 3 channels, 3x3: 16 * 9 lanes unfolded, ceil(9 / 16) * 16 * 3 folded; 8 output channels, 64 pixels
  EXPECT_EQ(conv_cycles({1, 10, 10, 3}, {8, 3, 3, 3}, 1, {1, 8, 8, 8}, f), 144);
  f.fold_kernel_row = true;
  EXPECT_EQ(conv_cycles({1, 10, 10, 3}, {8, 3, 3, 3}, 1, {1, 8, 8, 8}, f), 48);
  EXPECT_EQ(conv_cycles({1, 10, 10, 16}, {8, 3, 3, 16}, 1, {1, 8, 8, 8}, f), 144);  // enough channels: not folded
}

TEST(Timing, Of16BitActivationsIsSlowerByTheRatioOfTheRates) {
  EXPECT_EQ(conv_cycles({1, 8, 8, 16}, {8, 1, 1, 16}, 1, {1, 8, 8, 8}, figures(), DType::int16), 4 * 16);
  EXPECT_EQ(conv_cycles({1, 8, 8, 8}, {8, 1, 1, 1}, 8, {1, 8, 8, 8}, figures(), DType::int16),
            8);  // depthwise has one rate
}

TEST(Timing, OfADepthwiseConvolutionIsAtItsOwnRate) {
  // 20 -> 24 channels, 3x3, 64 pixels: 24 * 9 * 64 / 64
  EXPECT_EQ(conv_cycles({1, 10, 10, 20}, {20, 3, 3, 1}, 20, {1, 8, 8, 20}, figures()), 216);
}

TEST(Timing, OfProductsCountsRows) {
  const Command full{
      Engine::conv,
      0,
      {},
      Computation{
          OpKind::FullyConnected, ClampAttrs{}, {piece(0, {2, 4, 32}), piece(0, {8, 32})}, {piece(0, {2, 4, 8})}}};
  EXPECT_EQ(cost_of(full, figures()).cycles, 8 * 32 * 8 / 512.0);
  const Command product{Engine::conv,
                        0,
                        {},
                        Computation{OpKind::MatMul,
                                    MatMulAttrs{false, true, {}},
                                    {piece(0, {2, 4, 32}), piece(0, {2, 8, 32})},
                                    {piece(0, {2, 4, 8})}}};
  EXPECT_EQ(cost_of(product, figures()).cycles, 8 * 32 * 8 / 512.0);
  ConvTransposeAttrs up;
  up.strides = {2, 2};
  const Command transposed{
      Engine::conv,
      0,
      {},
      Computation{
          OpKind::ConvTranspose, up, {piece(0, {1, 4, 4, 16}), piece(0, {8, 2, 2, 16})}, {piece(0, {1, 8, 8, 8})}}};
  EXPECT_EQ(cost_of(transposed, figures()).cycles, 16 * 16 * 4 * 8 / 512.0);  // over the 16 pixels of its input
}

TEST(Timing, OfAVectorOperatorIsItsBytes) {
  const Command add{
      Engine::vector, 0, {}, Computation{OpKind::Add, ClampAttrs{}, {piece(0, {64}), piece(0, {1})}, {piece(0, {64})}}};
  EXPECT_EQ(cost_of(add, figures()).cycles, 129 / 32.0);
}

/// Loads and stores of 800 bytes take 100 cycles, Relu of 1600 bytes takes 100.
class Clock : public testing::Test {
 protected:
  ProgramMaker m;
  int32_t x = m.input("x", {6400}), y = m.output("y", {6400});

  void SetUp() override { m.program.figures = figures(); }
  uint32_t relu(int64_t address, std::vector<uint32_t> waits, uint32_t layer = 0) {
    return m.vector(OpKind::Relu, {piece(address, {1600})}, piece(address, {1600}), std::move(waits), layer);
  }
  Timeline time() const { return time_program(m.program); }
};

TEST_F(Clock, AnEngineTakesItsCommandsOneAfterTheOther) {
  m.load(x, 0, 0, 800);
  m.load(x, 0, 0, 400);
  const Timeline line = time();
  EXPECT_EQ(line.commands[0].end, 100);
  EXPECT_EQ(line.commands[1].start, 100);
  EXPECT_EQ(line.cycles, 150);
}

TEST_F(Clock, LatencyComesBeforeTheFirstByte) {
  m.program.figures.dma_latency_cycles = 30;
  m.load(x, 0, 0, 800);
  m.load(x, 0, 0, 800);
  EXPECT_EQ(time().cycles, 260);
}

TEST_F(Clock, ACommandWaitsAndItsEngineIsStalled) {
  const auto load = m.load(x, 0, 0, 800);
  const auto first = relu(0, {load});
  m.store(y, 0, 0, 800, {first});
  const Timeline line = time();
  EXPECT_EQ(line.commands[1].start, 100);
  EXPECT_EQ(line.commands[1].end, 200);
  EXPECT_EQ(line.cycles, 300);
  EXPECT_THAT(line.stalled, testing::ElementsAre(0, 200, 0, 100));
}

TEST_F(Clock, WithTwoBuffersTransferAndComputationOverlap) {
  const auto a = m.load(x, 0, 0, 800);
  const auto b = m.load(x, 0, 4096, 800);
  const auto on_a = relu(0, {a});
  relu(4096, {b});
  const auto again = m.load(x, 0, 0, 800, {on_a});
  relu(0, {again});
  EXPECT_EQ(time().cycles, 400);  // three loads, of which two beside a computation, and the last computation
}

TEST_F(Clock, LoadAndStoreShareTheBandwidth) {
  m.load(x, 0, 0, 800);
  m.store(y, 0, 4096, 400, {});
  const Timeline line = time();
  EXPECT_EQ(line.commands[1].end, 100);  // 400 bytes at half the bandwidth
  EXPECT_EQ(line.commands[0].end, 150);  // 400 bytes until then, 400 at all of it
}

TEST_F(Clock, LatencyTakesNoBandwidth) {
  m.program.figures.dma_latency_cycles = 100;
  const auto first = m.load(x, 0, 0, 800);
  m.load(x, 0, 0, 800);
  m.store(y, 0, 4096, 400, {first});
  const Timeline line = time();
  EXPECT_EQ(line.commands[0].end, 200);
  // Both start at 200, move from 300 on at half the bandwidth each.
  EXPECT_EQ(line.commands[2].end, 400);
  EXPECT_EQ(line.commands[1].end, 450);
}

TEST_F(Clock, TheFirstComputationOfALayerPaysItsOverhead) {
  m.program.figures.layer_overhead_cycles = 7;
  const auto second = m.layer("second");
  const auto hidden = m.layer("hidden");
  m.program.layers[hidden].overhead = false;
  relu(0, {});
  relu(0, {});
  relu(0, {}, second);
  relu(0, {}, hidden);
  EXPECT_EQ(time().cycles, 414);
}

TEST_F(Clock, AProgramStartsWithItsFixedOverhead) {
  m.program.figures.fixed_overhead_cycles = 1000;
  EXPECT_EQ(time().cycles, 1000);
  m.load(x, 0, 0, 800);
  const Timeline line = time();
  EXPECT_EQ(line.commands[0].start, 1000);
  EXPECT_EQ(line.cycles, 1100);
}

}  // namespace
}  // namespace quern::machine
