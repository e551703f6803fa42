#include "targets/sim/machine_figures.h"

namespace quern {

MachineFigures machine_figures(const TargetProfile& profile) {
  const TargetFigures& from = profile.figures;
  const double cycles_per_us = from.clock_mhz;
  const double per_cycle = 1e3 / from.clock_mhz;  // of what there are 1e9 a second
  MachineFigures f;
  f.clock_hz = from.clock_mhz * 1e6;
  f.macs_per_cycle_8 = static_cast<double>(from.macs_per_cycle_int8);
  // A target that takes no 16-bit activations has no rate for them; the rule of docs/npu.md stands in.
  f.macs_per_cycle_16 =
      from.macs_per_cycle_int16 > 0 ? static_cast<double>(from.macs_per_cycle_int16) : f.macs_per_cycle_8 / 2;
  f.efficiency = from.mac_efficiency;
  f.gi = from.channels_in;
  f.go = from.channels_out;
  f.fold_kernel_row = profile.fold_kernel_row;
  f.depthwise_per_cycle = from.depthwise_gmac_per_s * per_cycle;
  f.vector_bytes_per_cycle = from.vector_gb_per_s * per_cycle;
  f.dma_bytes_per_cycle = from.dma_gb_per_s * per_cycle;
  f.dma_latency_cycles = from.dma_latency_us * cycles_per_us;
  f.layer_overhead_cycles = from.layer_us * cycles_per_us;
  f.fixed_overhead_cycles = from.run_us * cycles_per_us;
  f.banks = static_cast<int32_t>(from.scratch_banks);
  return f;
}

}  // namespace quern
