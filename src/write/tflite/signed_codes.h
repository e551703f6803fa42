// TFLite's integer products take int8 inputs with int8 weights, or uint8 with uint8; ONNX mixes them.
#pragma once

#include "graph/graph.h"

namespace quern::tflite_writer {

/// Whether a product reads uint8 and has weights that only an int8 kernel takes: int8, or with a scale a channel.
bool needs_signed_codes(const Graph& graph);

/// Every quantized uint8 value becomes int8 with the same real numbers: code and zero point less 128. The graph's
/// inputs and outputs stay uint8, with a Quantize at the edge.
void make_codes_signed(Graph& graph);

}  // namespace quern::tflite_writer
