// Fixes for a layer, each with its evidence, to be tried on the isolated operator.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "measure/compare/layers.h"

namespace quern {

/// A fix: what the layer would store with it.
struct Trial {
  std::string name;      ///< of the cause it mends
  std::string sentence;  ///< the evidence, before it is tried
  std::string fix;
  int priority = 0;  ///< of several that gain about the same, the lowest is named
  std::function<Result<Tensor>(const Isolated&)> stored;
  DistanceSum sum = {};
};

/// What may be wrong with row `index`, by what the first pass saw.
std::vector<Trial> trials_for(const Sides& sides, const std::vector<Layer>& layers, size_t index);

/// The operator reads a model input, through nothing but views and its quantization.
bool reads_model_input(const Graph& graph, const Op& op);
/// The operator only stores a model input.
bool is_input_edge(const Graph& graph, const Op& op);

// One file each.
void add_range_trials(const Sides& sides, const std::vector<Layer>& layers, size_t index, std::vector<Trial>& trials);
void add_weight_trials(const Sides& sides, const Layer& layer, std::vector<Trial>& trials);
void add_input_trials(const Sides& sides, const Layer& layer, std::vector<Trial>& trials);

/// The isolated operator with some of its inputs replaced, stored as the candidate stores it.
Result<Tensor> stored_with(const Sides& sides, const Layer& layer, std::vector<const Tensor*> inputs);

}  // namespace quern
