#include <gtest/gtest.h>

#include "targets/sim/machine_figures.h"

namespace quern {
namespace {

TEST(MachineFigures, AreAProfilesFiguresACycle) {
  TargetProfile profile;
  profile.fold_kernel_row = true;
  TargetFigures& from = profile.figures;
  from.clock_mhz = 500;
  from.macs_per_cycle_int8 = 1024;
  from.macs_per_cycle_int16 = 256;
  from.mac_efficiency = 0.9;
  from.channels_in = 16;
  from.channels_out = 8;
  from.depthwise_gmac_per_s = 32;
  from.vector_gb_per_s = 16;
  from.dma_gb_per_s = 4;
  from.dma_latency_us = 0.2;
  from.layer_us = 6;
  from.run_us = 50;
  from.scratch_banks = 4;
  const MachineFigures f = machine_figures(profile);
  EXPECT_DOUBLE_EQ(f.clock_hz, 5e8);
  EXPECT_DOUBLE_EQ(f.macs_per_cycle_8, 1024);
  EXPECT_DOUBLE_EQ(f.macs_per_cycle_16, 256);
  EXPECT_DOUBLE_EQ(f.efficiency, 0.9);
  EXPECT_EQ(f.gi, 16);
  EXPECT_EQ(f.go, 8);
  EXPECT_TRUE(f.fold_kernel_row);
  EXPECT_DOUBLE_EQ(f.depthwise_per_cycle, 64);
  EXPECT_DOUBLE_EQ(f.vector_bytes_per_cycle, 32);
  EXPECT_DOUBLE_EQ(f.dma_bytes_per_cycle, 8);
  EXPECT_DOUBLE_EQ(f.dma_latency_cycles, 100);
  EXPECT_DOUBLE_EQ(f.layer_overhead_cycles, 3000);
  EXPECT_DOUBLE_EQ(f.fixed_overhead_cycles, 25000);
  EXPECT_EQ(f.banks, 4);
}

TEST(MachineFigures, WithoutARateOf16BitsAreHalfOf8) {
  TargetProfile profile;
  profile.figures.macs_per_cycle_int8 = 1024;
  profile.figures.macs_per_cycle_int16 = 0;
  EXPECT_DOUBLE_EQ(machine_figures(profile).macs_per_cycle_16, 512);
}

}  // namespace
}  // namespace quern
