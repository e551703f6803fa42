// Adaptive rounding of an operator's weights, from how its taps go together.
#pragma once

#include "measure/calibrate/moments.h"
#include "quantize/assign.h"

namespace quern {

/// What an operator's inputs are beyond their moments.
struct AdaptGround {
  const TapMoments& moments;          ///< of the float model's inputs
  std::span<const float> divided_by;  ///< by input channel, what balancing divided them by; may be empty
  std::span<const float> taken_off;   ///< by input channel, what was then taken off; may be empty
  double input_noise = 0;             ///< variance of the rounding of the stored input
  bool bias_takes_mean = true;        ///< a steady error costs nothing: the bias takes it out
};

/// Stored weights like those of `quantize_weights`, with the same scales. Blocks are mixed with their own diagonal the
/// more, the fewer positions they were seen at: B / (B + n) of B taps at n positions, at least 5 %.
Result<Tensor> adapt_weights(const Tensor& weights, const std::vector<float>& scales, const AdaptGround& ground);

}  // namespace quern
