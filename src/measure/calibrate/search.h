// Which recipe does best on samples that did not make it.
#pragma once

#include <functional>
#include <optional>
#include <string>
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
};

/// What is done when there is nothing to judge by, and where the samples cannot tell it from the best.
Recipe standing_recipe(const QuantizeOptions& options);

struct SearchResult {
  Recipe recipe;
  Judgement judged;  ///< the recipe, each sample by a model made without it
  std::vector<MethodRow> methods;
};

/// Folds take turns in being kept back. Requires at least kFewest samples.
Result<SearchResult> search(const SearchGround& ground);

}  // namespace quern
