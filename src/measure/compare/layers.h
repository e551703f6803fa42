// The first pass of a comparison: every value that both models have, isolated and accumulated, over all samples.
#pragma once

#include <vector>

#include "measure/compare/distances.h"
#include "measure/compare/sides.h"

namespace quern {

/// One row in the making.
struct Layer {
  static constexpr int kInput = -1;

  int op = kInput;  ///< of the candidate's graph; kInput: a model input
  size_t slot = 0;  ///< which output of it
  ValueId value = kNoValue;
  bool tied = false;  ///< the operator moves stored values: its error is that of what it reads
  DistanceSum isolated;
  DistanceSum computed;  ///< of the isolated operator before its result is stored: what its weights and bias cost
  DistanceSum accumulated;
  double low = 0;  ///< least and greatest of the reference, with 0, scaled as the candidate's channels are
  double high = 0;
  double real_low = 0;  ///< the same in the reference's own units, in which errors are
  double real_high = 0;
  double nonzero = 0;   ///< how many of the reference's numbers are not 0
  double beyond = 0;    ///< how many are outside what the candidate can store
  double code_low = 0;  ///< least and greatest number that the isolated operator stored
  double code_high = 0;
  std::vector<float> channel_peaks;  ///< greatest magnitude by index of the last axis

  /// What the bits it is stored in would give with a range of its own: rounding noise of range/255 (16 bits: 65535) on
  /// every number but 0, and what the weights cost, as far as weights in 8 bits must.
  double ideal_db(const Graph& candidate) const;
  /// Decibels below the ideal; 0 for a tied layer.
  double lost_db(const Graph& candidate) const;
};

/// The rows of a comparison, in the candidate's order.
std::vector<Layer> find_layers(const Sides& sides);

/// An isolated operator's float inputs and result, before it is stored.
struct Isolated {
  std::vector<const Tensor*> inputs;
  const Tensor* result = nullptr;  ///< as the operator computed it
  const Tensor* stored = nullptr;  ///< rounded to what the candidate stores
  const Tensor* truth = nullptr;   ///< the reference's
};
using SeeIsolated = std::function<Status(size_t layer, const Isolated& isolated)>;

/// Runs every operator of the candidate alone in float, with its own weights, on the reference's values, and stores its
/// result as the candidate does. Values that the reference does not have are what the operators before gave.
Status walk_isolated(const Sides& sides, const std::vector<Layer>& layers, const SampleRun& run,
                     const SeeIsolated& see);

/// Adds one sample to every row.
Status add_sample(const Sides& sides, const SampleRun& run, std::vector<Layer>& layers);

}  // namespace quern
