// A quantized graph with its stored values made real, and the rounding of real values to what a value can store.
#pragma once

#include "graph/graph.h"

namespace quern {

/// The same graph with every quantized value float32: constants dequantized, Quantize and Dequantize passing through.
/// An operator of it computes, in float, with the weights that the quantized graph really has.
Result<Graph> float_twin(const Graph& graph);

/// The real values that a quantized value can take.
struct StoredRange {
  double low = 0;
  double high = 0;
  int64_t codes = 256;
};

/// True when a value is stored in integers of 8 or 16 bits with a scale.
bool is_stored(DType type, const Quantization& quantization);
/// Of a per-tensor quantization.
StoredRange stored_range(DType type, const Quantization& quantization);

/// A quantization of `type` whose range is [low, high], widened to hold 0.
Quantization quantization_for(DType type, double low, double high);

/// The real array as it would read after being stored: rounded half to even, held in range. Per-axis quantization
/// follows its axis.
Tensor rounded_to(const Tensor& real, DType type, const Quantization& quantization);

}  // namespace quern
