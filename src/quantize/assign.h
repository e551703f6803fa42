// Which values become integers, which of them share one scale, and which take 16 bits.
//
// The rules
//   * An operator belongs to the body when a matrix operator (Conv, ConvTranspose, FullyConnected, MatMul) is it or
//   comes
//     after it; the rest is the tail (decoding, the last Softmax). The body's values are stored, the tail stays float:
//     joining boxes and scores there costs no accuracy.
//   * Between a matrix operator and the activation that alone reads it nothing is stored: NPUs and runtimes compute
//     both at once, and rounding twice would cost accuracy.
//   * Operators that move stored values (Reshape, Concat, MaxPool, …) share the scale of what they read: one rounding,
//     by whoever made the value. A Concat ties all it joins.
//   * Graph inputs and outputs stay float32: a Quantize or Dequantize stands at the edge.
//
// Full-integer models (what TFLite's int8 runtimes take) are assigned otherwise: every operator with an int8 kernel
// (quantize/full_integer.h) is body, wherever it stands, all inputs and outputs are stored, and constants that it reads
// beside its data are too. Its Quantize and Dequantize at the edges are for calibrating; make_edges_integer drops them.
#pragma once

#include <map>
#include <regex>
#include <vector>

#include "graph/graph.h"
#include "quantize/pins.h"
#include "quantize/range.h"

namespace quern {

/// What the user asked for, as far as it decides where integers are.
struct AssignOptions {
  DType activations = DType::int8;
  std::vector<std::regex> keep_float;  ///< operators (by name or kind) whose arithmetic stays float
  std::vector<std::regex> int16;       ///< values by name, or operators by name or kind: what they give takes 16 bits
  std::vector<std::string> keep_float_names;  ///< the same, by their whole names
  std::vector<std::string> int16_names;       ///< values, by their whole names, that take 16 bits
  bool full_integer = false;
  /// Full-integer models only: what these operators (by name) give stays float to the model's outputs.
  std::vector<std::string> loose = {};
};

/// A float graph with its edges marked, and what is to be stored.
struct Assignment {
  Graph graph;                 ///< the float graph; Quantize and Dequantize at its edges still pass float through
  std::vector<bool> stored;    ///< by value: becomes an integer
  std::vector<ValueId> group;  ///< by value: the least id of those that share its scale (itself when alone)
  std::vector<bool> wide;      ///< by value: stored as int16, as all of its group is
  std::vector<bool> integer;   ///< by operator: a matrix operator whose weights become int8
  std::vector<bool> kept;      ///< by operator: the user keeps its arithmetic float
  Pins pins;                   ///< what is decided already
  Choices choices;             ///< what is to be done otherwise than for the rest
  /// Full-integer models only, else empty. By value: the scale that its maker demands, whatever is seen; and whether
  /// its range is all that was seen, with nothing cut or added (inputs and constants).
  std::vector<Quantization> demanded;
  std::vector<bool> whole;
  /// Of inputs as they are stored: what their numbers can be at all, where that is known.
  std::map<ValueId, Range> possible;

  std::vector<ValueId> members(ValueId root) const;
};

/// Requires a prepared float graph. Errors: invalid_argument when it is quantized already, or has no matrix operator.
Result<Assignment> assign(const Graph& graph, const AssignOptions& options);

/// Conv, ConvTranspose, FullyConnected, or MatMul.
bool is_matrix_operator(OpKind kind);
/// One whose weights are a constant, which can be quantized once and for all.
bool has_constant_weights(const Graph& graph, const Op& op);

}  // namespace quern
