// One way to quantize a model, as data: what `quantize` tries, compares and keeps.
#pragma once

#include <optional>

#include "measure/calibrate/layer_by_layer.h"
#include "measure/calibrate/ranges.h"
#include "quantize/equalize.h"

namespace quern {

/// Everything that decides the integers, but for the samples.
struct Recipe {
  std::optional<EqualizeOptions> equalize;
  RangeOptions ranges;
  LayerOptions layers;
};

/// An assignment prepared by a recipe: channels balanced, scales chosen.
struct Scaled {
  Assignment assignment;
  std::vector<Quantization> scales;
  ChannelFactors factors;
};

/// Balances and chooses scales by what `samples` show. `base`: what was observed of the untouched assignment, so that
/// it is not observed again.
Result<Scaled> apply_scales(const Assignment& assignment, const std::vector<Observation>& base, const Recipe& recipe,
                            const SampleSource& samples);

}  // namespace quern
