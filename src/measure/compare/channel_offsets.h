// Channels that a quantizer lowered: what they carry always was taken off and stands in the biases of the operators
// behind them (bias absorption, quantize/absorb.h).
#pragma once

#include <map>

#include "measure/compare/channel_factors.h"

namespace quern {

struct AbsorbedChannels {
  /// By value of the candidate, in its units: what its numbers lie below the reference's, element i by offset i modulo
  /// their number. Empty: nothing.
  std::vector<std::vector<float>> offsets;
  /// By the reference's value that a product gives, in its units: what the product's bias has beyond the reference's.
  std::map<ValueId, std::vector<float>> biases;
};

/// An offset is found where a bias is lower than the reference's by several steps of what is stored behind it, and
/// believed only where biases of the operators that read it are explained by it: a bias that is wrong stays an error.
/// `twin` is the candidate in float, `factors` what find_factors gives. Errors: of evaluating moves.
Result<AbsorbedChannels> find_absorbed(const Graph& reference, const Graph& candidate, const Graph& twin,
                                       const Matching& matching, const std::vector<Factors>& factors);

/// `tensor` less offsets, and with them again.
Result<Tensor> lowered(const Tensor& tensor, std::span<const float> offsets);
Result<Tensor> raised(const Tensor& tensor, std::span<const float> offsets);

}  // namespace quern
