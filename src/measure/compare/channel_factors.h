// Channels that a quantizer scaled: the candidate's numbers are the reference's times a factor a channel, which the
// operators behind divide out again (cross-layer equalization).
#pragma once

#include <span>
#include <vector>

#include "measure/compare/match.h"

namespace quern {

/// Element i of a value is multiplied by factor i modulo their number, which is the last extent, or the number of
/// elements where channels are mixed on the way. Empty: 1 everywhere.
using Factors = std::vector<float>;

/// By value of the candidate. A factor is found where the weights of an operator are the reference's times one number
/// an output channel, and believed only where every operator behind divides it out: a scale that is wrong stays an
/// error. `twin` is the candidate in float. Error: of evaluating moves.
Result<std::vector<Factors>> find_factors(const Graph& reference, const Graph& candidate, const Graph& twin,
                                          const Matching& matching);

/// Weights (O KH KW I, or O I) of an operator whose input and output channels are scaled so.
Result<Tensor> scaled_weights(const Op& op, const Tensor& weights, std::span<const float> input,
                              std::span<const float> output);

/// `tensor` times or by factors.
Result<Tensor> times(const Tensor& tensor, std::span<const float> factors);
Result<Tensor> divided(const Tensor& tensor, std::span<const float> factors);

}  // namespace quern
