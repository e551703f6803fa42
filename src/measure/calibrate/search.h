// Which recipe does best on samples that did not make it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "measure/calibrate/folds.h"
#include "quern/quantize.h"

namespace quern {

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
