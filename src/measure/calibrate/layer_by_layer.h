// From a float graph with chosen scales to an integer graph, one operator after the other: each is fed by what the
// integer operators before it gave, so that its weights and bias are made for the errors it will really meet.
#pragma once

#include <span>
#include <vector>

#include "measure/calibrate/moments.h"
#include "measure/calibrate/recipe.h"
#include "measure/calibrate/reference.h"
#include "measure/calibrate/score.h"

namespace quern {

/// What all passes have in common.
struct LayerSamples {
  std::vector<std::vector<Tensor>> inputs;  ///< by sample
  Reference reference;                      ///< of the assignment before any balancing, on the same samples
  FoldMoments moments;                      ///< likewise; empty: no weights are adapted
};

/// Samples by their index in LayerSamples: some make biases and weights, others only judge.
struct Roles {
  std::vector<size_t> fitted;
  std::vector<size_t> judges;
};

struct LayerResult {
  Graph graph;                       ///< the integer graph; verified
  std::vector<SampleErrors> errors;  ///< by judge
};

/// `type`: of stored values. Samples are read only: passes may run side by side, each with a pool of its own.
Result<LayerResult> quantize_layers(const Scaled& scaled, DType type, const Recipe& recipe, const LayerSamples& samples,
                                    const Roles& roles, ThreadPool& pool);

/// What to add to a bias, from the mean error of its channel in each sample. One error in all samples is taken out
/// whole; what the samples do not agree on is not: the mean m is shrunk by 1 - v / m^2 (never below 0), v the variance
/// of the mean.
float steady_part(std::span<const float> errors);

}  // namespace quern
