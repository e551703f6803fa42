// The grid that an integer bias stands on.
#pragma once

#include "graph/graph.h"

namespace quern {

/// s_x * s_w, along axis 0 when there is a scale for each channel; empty when x or w is not quantized.
Quantization product_grid(const Quantization& x, const Quantization& w);

/// product_grid for the bias of a product (input 2), along axis 0 when there is a scale for each channel. Kernels take
/// a bias as it is stored when its own scale is within 1 % of that, or when it is all zeros (docs/quantization.md §3),
/// and so must a file. Empty: it stands on no such grid, or the operator is not quantized.
Quantization bias_grid(const Graph& graph, const Op& op);

}  // namespace quern
