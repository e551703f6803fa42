// Post-training quantization: a float model and samples in, an 8-bit model out.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "quern/model.h"

namespace quern {

/// How the range of a stored value is found (docs/calibration.md has the formulas).
enum class Calibration : uint8_t {
  minmax,          ///< the least and greatest number seen
  moving_average,  ///< the mean of the samples' least and greatest
  percentile,      ///< both ends cut so that `percentile` of all numbers are inside
  entropy,         ///< the cut with the least divergence from the true distribution
  mse,             ///< the cut with the least squared error
  automatic,       ///< what does best on samples that were kept back
};
const char* to_string(Calibration calibration);

/// The samples to calibrate with: each is the model's inputs in order, as float32 arrays of exactly the model's shapes.
/// They are read one at a time and several times over.
struct CalibrationData {
  int64_t count = 0;
  std::function<Result<std::vector<Tensor>>(int64_t index)> read;
};

struct QuantizeOptions {
  DType activations = DType::int8;  ///< int8 or uint8
  bool symmetric = false;           ///< zero point in the middle
  bool weights_per_channel = true;
  Calibration calibration = Calibration::automatic;
  double percentile = 99.99;
  bool equalize = true;                 ///< balance the channels of neighbouring layers
  bool correct_bias = true;             ///< take the mean error of each layer out of its bias
  bool round = true;                    ///< search the scales of weights
  std::vector<std::string> keep_float;  ///< regular expressions on operators' names or kinds
  int threads = 0;                      ///< 0: every core
  std::function<void(const std::string& what, double share)> progress;  ///< may be empty
};

/// What a method gained, in dB on samples that were kept back.
struct MethodRow {
  std::string name;
  double sqnr_db_before = 0;
  double sqnr_db_after = 0;
  double seconds = 0;
};

/// One output of the float model against the 8-bit one.
struct OutputRow {
  std::string name;
  double cosine = 0;
  double sqnr_db = 0;
  double relative_l2 = 0;
};

struct QuantizeResult {
  Model model;
  int64_t samples = 0;
  std::vector<MethodRow> methods;
  std::vector<OutputRow> outputs;  ///< over the samples kept back while deciding
  std::vector<std::string> kept_float;
};

/// Errors: invalid_argument (the model is quantized already, has nothing to quantize, or the options contradict),
/// those of the samples, and invalid_file when a value is not finite.
Result<QuantizeResult> quantize(const Model& model, const CalibrationData& data, const QuantizeOptions& options);

}  // namespace quern
