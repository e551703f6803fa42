// How the inputs that an operator's weights meet go together: second moments of its taps, in blocks.
#pragma once

#include <vector>

#include "measure/calibrate/taps.h"
#include "measure/graph_runner.h"
#include "quantize/assign.h"

namespace quern {

/// Taps of a few neighbouring channels at all kernel positions, and the sums of their products. Between blocks nothing
/// is known: memory grows with the taps, not with their square.
struct MomentBlock {
  static constexpr size_t kMaxTaps = 128;
  std::vector<int32_t> taps;    ///< indices into KH x KW x channels of the input
  std::vector<float> products;  ///< taps x taps
};

/// One operator.
struct TapMoments {
  double count = 0;         ///< output positions that were looked at
  std::vector<double> sum;  ///< by tap
  std::vector<MomentBlock> blocks;

  void add(const TapMoments& other);
};

/// By fold (sample i is in fold i mod `folds`), then by operator; empty where it is no integer operator with taps.
using FoldMoments = std::vector<std::vector<TapMoments>>;

/// One run of every sample through the float model; some positions of each, spread evenly.
Result<FoldMoments> take_moments(const Assignment& assignment, const std::vector<std::vector<Tensor>>& samples,
                                 size_t folds, const std::shared_ptr<ThreadPool>& pool);

}  // namespace quern
