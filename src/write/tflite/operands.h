// What TFLite's integer kernels ask of their operands.
#pragma once

#include "graph/graph.h"

namespace quern::tflite_writer {

/// 8 bits with one scale.
bool is_coded(const Graph& graph, ValueId id);
/// All real inputs and outputs are, of one type.
bool all_coded(const Graph& graph, const Op& op);
/// The same, and input 0 and output 0 have one scale and zero point.
bool keeps_codes(const Graph& graph, const Op& op);
/// all_coded of int8: kernels that know no uint8.
bool all_int8(const Graph& graph, const Op& op);
/// Constant weights of the input's type, symmetric where int8, with a bias on the grid of the sums or none.
bool has_integer_weights(const Graph& graph, const Op& op);
/// all_coded, and output 0 has this scale and zero point: `zero` for int8, zero + 128 for uint8.
bool gives(const Graph& graph, const Op& op, float scale, int32_t zero);

}  // namespace quern::tflite_writer
