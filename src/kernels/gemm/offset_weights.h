// Weights of a product of stored bytes, and the bias that takes the input's zero point into account.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/kernel.h"

namespace quern {

struct OffsetWeights {
  std::vector<int8_t> values;  ///< [channel][depth]; uint8 less 128
  std::vector<int32_t> bias;   ///< one a channel
  /// What the sum of a row, times it, has to be taken from a channel's sum; empty when all are 0.
  std::vector<int32_t> zero_points;
};

/// True when every weight's zero point is where signed bytes put it, so that no row has to be summed.
bool weights_fit_bytes(const Operand& weights, int64_t channels);
/// For sums over the input's values as `multiplied`: int8 and uint8 differ by 128.
OffsetWeights offset_weights(const OpCall& call, int64_t channels, int64_t depth, DType multiplied);

}  // namespace quern
