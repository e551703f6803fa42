// What the user says to quantize: words on the command line, and the options they mean.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model_options.h"
#include "quern/quantize.h"
#include "quern/task.h"

namespace quern::cli {

struct QuantizeWords {
  ModelOptions model;
  std::string out;
  std::vector<std::string> data;
  int64_t samples = 0;
  uint64_t seed = 0;
  std::string task;
  std::string preprocess;
  std::string calibration;  ///< empty: the configuration's, or auto
  std::string weights;      ///< empty: the configuration's, or per-channel
  std::string activations;  ///< empty: the table's, or int8
  bool symmetric = false;
  std::string methods = "default";
  std::vector<std::string> keep_float;
  std::vector<std::string> int16;
  std::optional<double> max_drop;
  std::string labels;
  std::vector<std::string> labels_data;  ///< empty: --data
  std::string resume;
  std::string lint = "warn";
  std::string recipe;
  std::string table;
  std::string save_table;
  std::string config;
  std::string save_config;
  std::string report;
  int threads = 0;
  std::string target;         ///< of a package; empty: the configuration's, or the processor
  std::string vnpu;           ///< of a package
  bool auto_rewrite = false;  ///< of a package
  std::string arithmetic;     ///< of a package; empty: the target's own

  bool is_package() const { return out.ends_with(".quern"); }
};

void add_options(CLI::App& app, QuantizeWords& words);

/// "onnx", "tflite" or "quern", by the suffix of OUT; empty for any other.
std::string format_of(const QuantizeWords& words);
/// What the words mean. Errors: invalid_argument (one is missing, or none of its words); those of the files they name.
Result<QuantizeOptions> quantize_options(const QuantizeWords& words);
/// What pictures are turned into: --preprocess, or --task's record, or none.
Result<Preprocess> record_of(const QuantizeWords& words);

}  // namespace quern::cli
