// From what was observed of a value to the range its stored form reaches.
#pragma once

#include "measure/calibrate/observe.h"
#include "quantize/assign.h"
#include "quern/quantize.h"

namespace quern {

/// How ranges are chosen.
struct RangeOptions {
  Calibration method = Calibration::mse;
  double percentile = 99.99;  ///< share of the numbers inside, both ends together
  float widen = 1;            ///< factor on the chosen range, for samples that calibration has not seen
  bool by_reader = false;     ///< numbers count by how much the weights that read their channel make of an error
  DType type = DType::int8;
  bool symmetric = false;
};

/// What the members of a group saw together.
struct Tally {
  Range range;
  Range mean_range;
  Histogram histogram;
};

/// minmax: what was seen. moving_average: the mean of the samples' ranges. percentile: both ends cut alike. entropy:
/// the cut with the least Kullback-Leibler divergence of the 128-level histogram from the true one (ends cut in
/// proportion). mse: the cut with the least sum of clipping and rounding errors.
Range choose_range(const Tally& seen, const RangeOptions& options);

/// By value and channel; empty where all channels count alike.
using ChannelWeights = std::vector<std::vector<float>>;

/// How much an error in a channel is worth to the matrix operators that read it: the sum of the squares of the weights
/// it meets, over the mean of all channels the operator reads.
Result<ChannelWeights> reader_weights(const Graph& graph);

/// Members that were not observed (they only move numbers of others) add nothing.
Tally joined(const Observations& seen, const std::vector<ValueId>& members, const ChannelWeights& weights = {});

/// By value: the quantization of what is stored; members of a group have one.
std::vector<Quantization> choose_scales(const Assignment& assignment, const Observations& seen,
                                        const RangeOptions& options, const ChannelWeights& weights = {});

}  // namespace quern
