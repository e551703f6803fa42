// quantize by a configuration of the AX620 tools: what it says where the user says nothing, and what was in effect.
#pragma once

#include "quantize_options.h"

namespace quern::cli {

/// A configuration beside the words of the command line, which rule over it.
class ConfigChoice {
 public:
  /// Reads --config, if any, and takes the model's and the output's file from it.
  static Result<ConfigChoice> open(QuantizeWords& words);

  /// Takes everything else from it, now that the model is known.
  Status fill(QuantizeWords& words, const Model& model, const Voice& voice);

  /// Writes --save-config, if any.
  Status save(const QuantizeWords& words, const Preprocess& record, const Model& model, int64_t samples,
              const Voice& voice) const;

  /// Whether every layer is to be compared after quantizing, and by which samples (empty path: those that calibrate).
  bool compare_layers() const { return request_.compare_layers; }
  const std::vector<std::string>& compare_data() const { return request_.compare_data; }
  int64_t compare_samples() const { return request_.compare_samples; }

 private:
  Status widen_inputs(QuantizeWords& words, const Model& model) const;

  Ax620Config config_;
  Ax620Request request_;
};

}  // namespace quern::cli
