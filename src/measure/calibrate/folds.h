// Samples that judge a recipe made from the others, in turns.
#pragma once

#include <vector>

#include "measure/calibrate/layer_by_layer.h"
#include "quern/quantize.h"

namespace quern {

/// Everything a search stands on.
struct SearchGround {
  const Assignment& assignment;
  const std::vector<Observations>& parts;  ///< what the samples of each fold showed: sample i is in fold i mod kFolds
  const LayerSamples& samples;
  const QuantizeOptions& options;
  ThreadPool& pool;  ///< recipes are tried side by side

  static constexpr size_t kFolds = 3;
  /// With fewer samples than this nothing is kept back, and the standing recipe is taken without a judge.
  static constexpr size_t kFewest = 6;

  bool can_keep_back() const { return samples.inputs.size() >= kFewest; }
};

/// Which samples make a model and which judge it, and what the former showed.
struct Deal {
  Roles roles;
  Observations seen;
};

/// One fold is kept back; none when it is kFolds: all samples make and judge then.
Deal deal(const SearchGround& ground, size_t fold);

/// Every sample judges a model made without its fold; all that made it, where there are too few to keep any back.
Result<Judgement> judge(const SearchGround& ground, const Recipe& recipe);

}  // namespace quern
