// What holds a layer back, by name, and what to change first, as a sentence.
#pragma once

#include "plan/program.h"
#include "quern/npu.h"

namespace quern::machine {

/// The cycles of one layer by what they are spent on, as if nothing overlapped.
struct LayerCost {
  double compute = 0;  ///< dense and grouped products
  double depthwise = 0;
  double vector = 0;
  double dma = 0;  ///< latencies, and bytes at the full bandwidth
  double overhead = 0;
  bool wide = false;  ///< some product has 16-bit activations
};

/// Fills bound_by and advice of a layer whose other fields are complete.
void explain(const MachineFigures& figures, const LayerCost& cost, NpuLayer& layer);

}  // namespace quern::machine
