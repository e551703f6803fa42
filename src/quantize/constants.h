// Weights and biases of a float graph that is being changed.
#pragma once

#include "quantize/assign.h"

namespace quern {

/// Convolutions' groups; 1 for all other operators.
int64_t groups_of(const Op& op);

/// Calls body(element, output channel, input channel) for weights O x … x I.
template <typename Body>
void each_weight(const Shape& shape, int64_t groups, const Body& body) {
  const int64_t outs = shape[0];
  const int64_t own = shape.back();
  int64_t windows = 1;
  for (size_t i = 1; i + 1 < shape.size(); ++i) windows *= shape[i];
  size_t element = 0;
  for (int64_t o = 0; o < outs; ++o) {
    const int64_t first = o / (outs / groups) * own;
    for (int64_t k = 0; k < windows; ++k) {
      for (int64_t i = 0; i < own; ++i, ++element)
        body(element, static_cast<size_t>(o), static_cast<size_t>(first + i));
    }
  }
}

/// Whether the operator has a constant bias with a number of its own for each output channel.
bool has_channel_bias(const Graph& graph, const Op& op);

/// Gives an operator another constant in place of the one it reads, under the old name when nobody else reads that.
void replace_constant(Assignment& assignment, size_t op, size_t slot, Tensor tensor);

}  // namespace quern
