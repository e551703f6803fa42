// One way to quantize a model, as data: what `quantize` tries, compares and keeps.
#pragma once

#include <optional>

#include "measure/calibrate/ranges.h"
#include "quantize/equalize.h"
#include "quantize/weights.h"

namespace quern {

/// Everything that decides the integers, but for the samples.
struct Recipe {
  std::optional<EqualizeOptions> equalize;
  RangeOptions ranges;
  WeightOptions weights;
  bool correct_bias = true;
};

/// The recipe in words, a row a choice.
std::vector<RecipeRow> told(const Recipe& recipe);

/// An assignment prepared by a recipe: channels balanced, scales chosen.
struct Scaled {
  Assignment assignment;
  std::vector<Quantization> scales;  ///< by value; empty where nothing is stored
  ChannelFactors factors;            ///< what channels were divided by
};

/// Balances and chooses scales by what was seen of the untouched assignment: a balanced graph's values are the same but
/// for the factors, so that it need not be run.
Result<Scaled> apply_scales(const Assignment& assignment, const Observations& seen, const Recipe& recipe);

}  // namespace quern
