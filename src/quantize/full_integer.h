// What a runtime without float expects of a graph: which operators it computes in 8 bits, and with which scales.
//
// The rules are those of TFLite's int8 kernels (docs/calibration.md, "Full-integer models").
#pragma once

#include "graph/graph.h"

namespace quern {

/// Whether the operator is computed in int8: its float operands would be stored before, its result behind it. Operators
/// that only move elements are. The others stay float, between a Dequantize and the next stored value.
bool has_integer_kernel(const Graph& graph, const Op& op);

/// Whether input 0, all outputs, and the other real inputs of Concat, Max, Min and Where must have one scale.
bool needs_one_scale(const Op& op);

/// The quantization that the int8 kernel demands of the result, whatever was seen: 1/256 from -128 for Sigmoid and
/// Softmax, 1/128 around 0 for Tanh and L2 normalization, 1/16 below 127 for LogSoftmax. Empty: calibration decides.
Quantization demanded_quantization(const Op& op);

/// Replaces what has no int8 kernel but is made of operators that have: Swish by Sigmoid and Mul, HardSigmoid by Add, a
/// clamp and Mul. Before assigning.
Status spell_out(Graph& graph);

/// Takes away Quantize at the inputs and Dequantize at the outputs: the graph's edges are int8 under their names.
/// Sentences about outputs that stay float go to `notes`.
void make_edges_integer(Graph& graph, std::vector<std::string>& notes);

/// Inputs that are only read channels last, and outputs that are made channels last, lose the Transpose at the edge and
/// have the channels as their last extent; each is said in `notes`.
void make_edges_channels_last(Graph& graph, std::vector<std::string>& notes);

}  // namespace quern
