// One way to quantize a model, as data: what `quantize` tries, compares and keeps.
#pragma once

#include <optional>

#include "measure/calibrate/ranges.h"
#include "quantize/absorb.h"
#include "quantize/equalize.h"
#include "quantize/weights.h"

namespace quern {

/// Everything that decides the integers, but for the samples.
struct Recipe {
  std::optional<EqualizeOptions> equalize;
  bool absorb = false;  ///< what channels carry always (carried.h) becomes part of biases
  RangeOptions ranges;
  WeightOptions weights;
  bool correct_bias = true;
};

/// The recipe in words, a row a choice.
std::vector<RecipeRow> told(const Recipe& recipe);

/// An assignment prepared by a recipe: channels balanced and shifted, scales chosen.
struct Scaled {
  Assignment assignment;
  std::vector<Quantization> scales;  ///< by value; empty where nothing is stored
  ChannelFactors factors;            ///< what channels were divided by
  ChannelOffsets offsets;            ///< what was then taken off them
};

/// Balances, absorbs and chooses scales by what was seen of the untouched assignment: the changed graph's values are
/// the same but for factors and offsets, so that it need not be run.
Result<Scaled> apply_scales(const Assignment& assignment, const Observations& seen, const Recipe& recipe);

}  // namespace quern
