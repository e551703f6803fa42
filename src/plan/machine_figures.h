// The figures of a simulated NPU that say how many cycles a command takes: docs/npu.md section 3 holds the formulas.
// They are part of a program, so that whoever has one can run it and count without the target's file.
#pragma once

#include <cstdint>

namespace quern {

struct MachineFigures {
  double clock_hz = 1e9;
  double macs_per_cycle_8 = 1;   ///< multiply-accumulates of the conv engine a cycle, 8-bit activations
  double macs_per_cycle_16 = 1;  ///< the same of 16-bit activations
  double efficiency = 1;         ///< share of those that a dense product reaches
  int64_t gi = 1;                ///< input channels are rounded up to a multiple of this
  int64_t go = 1;                ///< and output channels to a multiple of this
  bool fold_kernel_row = false;  ///< fewer input channels than gi: a row of the kernel is folded into them
  double depthwise_per_cycle = 1;
  double vector_bytes_per_cycle = 1;
  double dma_bytes_per_cycle = 1;  ///< of load and store together
  double dma_latency_cycles = 0;   ///< of each transfer, before its first byte
  double layer_overhead_cycles = 0;
  double fixed_overhead_cycles = 0;
  int32_t banks = 1;

  bool operator==(const MachineFigures&) const = default;
};

}  // namespace quern
