// Post-training quantization: a float model and samples in, an 8-bit model out.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
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
  std::vector<std::string> int16;       ///< likewise, or on values' names: what is stored in 16 bits
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

// ---- lint: what can be wrong with a model before it is quantized (docs/lint.md) ----

enum class LintLevel : uint8_t {
  note,     ///< true and worth knowing; nothing has to be done
  warning,  ///< likely to cost accuracy, or a mistake
  error,    ///< cannot be quantized as it stands
};
const char* to_string(LintLevel level);

/// A rule by its name. A finding may be of a lower level than its rule, where the harm is known to be small.
struct LintRule {
  const char* name;
  LintLevel level;
  bool needs_data;     ///< looks at what samples make of the values
  const char* finds;   ///< what is wrong
  const char* advice;  ///< what to do
};
std::span<const LintRule> lint_rules();

struct LintFinding {
  std::string rule;
  LintLevel level = LintLevel::warning;
  std::string op;       ///< the operator, input or output
  std::string value;    ///< what was measured, short: "1:4300", "3 of 64 channels"
  std::string message;  ///< a sentence
  std::string advice;
};

/// The least and greatest number that a record of pre-processing can make of a byte.
struct ExpectedInput {
  double low = 0;
  double high = 0;
  std::string source;  ///< who expects it: "task 'nanodet'"
};

struct LintOptions {
  bool weights_per_channel = true;
  std::vector<std::string> keep_float;    ///< as QuantizeOptions has it
  std::optional<ExpectedInput> expected;  ///< of the model's only picture input
  int threads = 0;
};

/// Looks at the model, and where `data` is not nullptr at up to 8 of its samples. In the order of the rules. Rules that
/// need fixed shapes find nothing while an extent is open, which is a finding itself.
/// Errors: those of preparing, reading samples and running.
Result<std::vector<LintFinding>> lint(const Model& model, const CalibrationData* data, const LintOptions& options = {});

}  // namespace quern
