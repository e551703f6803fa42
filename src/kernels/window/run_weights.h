// Weights, bias and scales of a depthwise convolution by runs, in the order that vectors of sixty-four meet them.
#pragma once

#include <optional>

#include "base/aligned.h"
#include "kernels/gemm/geometry.h"
#include "kernels/requantize.h"

namespace quern {

struct RunWeights {
  LineVector<int8_t> weights;  ///< [pattern][quad][quarter][16 lanes][4 taps]
  LineVector<int32_t> bias;    ///< [pattern][quarter][16 lanes]
  LineVector<float> scale;
  int64_t patterns = 1;  ///< vectors until they repeat
  int32_t zero_point = 0;
  int32_t low = 0;
  int32_t high = 0;
};

/// A tap for every place in the quads, or -1 where there is none.
using TapOrder = std::vector<int64_t>;

/// Where `whole_lines`, a run may begin anew at any pixel's first channel and goes on over pixels; else it is a pixel.
/// Nothing when the call is not stored by the rule `float`, or a scale is not below 1, or weights do not fit bytes.
std::optional<RunWeights> run_weights(const OpCall& call, const ProductGeometry& g, const TapOrder& taps,
                                      bool whole_lines);

}  // namespace quern
