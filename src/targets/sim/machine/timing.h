// What one command costs, from the figures of the machine: the table of docs/npu.md section 3.
#pragma once

#include <cstdint>

#include "plan/program.h"

namespace quern::machine {

/// One command's own time, when nothing holds it up.
struct Cost {
  double cycles = 0;       ///< of a computation; of a transfer its latency
  double bytes = 0;        ///< of a transfer, which then takes bytes / (its share of) dma_bytes_per_cycle
  bool depthwise = false;  ///< of a computation on the conv engine: at the depthwise rate
};

/// The product a computation of the conv engine is, in extents.
struct ProductExtents {
  int64_t groups = 1;
  int64_t in = 1, out = 1;  ///< channels of one group
  int64_t kernel_h = 1, kernel_w = 1;
  int64_t pixels = 1;  ///< output positions; of a transposed convolution those of its input
  bool wide = false;   ///< 16-bit activations
  bool depthwise() const { return groups > 1 && in == 1; }
  int64_t macs() const { return groups * in * out * kernel_h * kernel_w * pixels; }
};

/// Requires a checked computation of kind Conv, ConvTranspose, FullyConnected or MatMul.
ProductExtents product_extents(const Computation& computation);

/// Cycles of a product, without the overhead of a layer.
double product_cycles(const ProductExtents& product, const MachineFigures& figures);

/// Bytes that a computation of the vector engine reads and writes.
int64_t vector_bytes(const Computation& computation);

/// Requires a checked command.
Cost cost_of(const Command& command, const MachineFigures& figures);

}  // namespace quern::machine
