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
  DType type = DType::int8;
  bool symmetric = false;
};

/// minmax: what was seen. moving_average: the mean of the samples' ranges. percentile: both ends cut alike. entropy:
/// the cut with the least Kullback-Leibler divergence of the 128-level histogram from the true one (ends cut in
/// proportion). mse: the cut with the least sum of clipping and rounding errors.
Range choose_range(const Observation& seen, const RangeOptions& options);

/// What the members of a group saw together.
Observation joined(const std::vector<Observation>& seen, const std::vector<ValueId>& members);

/// By value: the quantization of what is stored; members of a group have one.
std::vector<Quantization> choose_scales(const Assignment& assignment, const std::vector<Observation>& seen,
                                        const RangeOptions& options);

}  // namespace quern
