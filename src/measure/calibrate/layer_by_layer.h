// From a float graph with chosen scales to an integer graph, one operator after the other.
//
// Every operator is computed twice on the same samples: in float from float inputs, and in integers from what the
// integer operators before it gave. So each layer's weights and bias are made for the errors it will really meet.
#pragma once

#include <optional>
#include <vector>

#include "measure/calibrate/graph_walk.h"
#include "quantize/assign.h"
#include "quantize/equalize.h"
#include "quantize/weights.h"

namespace quern {

/// Samples in memory: the first `fitted` of them make weights and biases, the others only judge.
struct LayerSamples {
  std::vector<std::vector<Tensor>> inputs;
  size_t fitted = 0;
  /// What the untouched float model gives, by sample and output: an equalized graph differs from it a little. Empty:
  /// the assignment's own float outputs are the measure.
  std::vector<std::vector<Tensor>> reference;
};

struct LayerOptions {
  WeightOptions weights;
  bool correct_bias = true;
  /// What equalization divided channels by, so that layers are judged in the model's own units.
  ChannelFactors factors;
  /// By operator, from an earlier pass with samples to judge: whether its bias correction is kept. Empty: judge here
  /// (and keep all when there is nothing to judge by).
  std::vector<bool> keep_correction;
  SessionOptions session;
};

/// Errors of one graph output, pooled over the samples that judge.
struct OutputError {
  std::string name;
  double signal = 0;  ///< sum of squares of the float output
  double noise = 0;   ///< sum of squared differences
  double dot = 0;     ///< sum of products of both
  double energy = 0;  ///< sum of squares of the integer model's output
  double count = 0;   ///< numbers compared
  double sqnr_db() const;
  double cosine() const;
  double relative_l2() const;
};

struct LayerResult {
  Graph graph;  ///< the integer graph; verified
  std::vector<OutputError> outputs;
  std::vector<bool> kept_correction;  ///< by operator of the assignment's graph
  double layers_db = 0;               ///< the mean SQNR of all integer matrix operators, with what came before them
  double sqnr_db() const;             ///< the mean over outputs
  /// What recipes are compared by: outputs and layers together. Outputs count by how many numbers they were judged on:
  /// two logits of seven pictures say less than a thousand, and a recipe chosen by them alone suits those pictures
  /// only.
  double score_db() const;
};

/// `scales`: the quantization of every stored value, by value (empty elsewhere).
Result<LayerResult> quantize_layers(const Assignment& assignment, const std::vector<Quantization>& scales, DType type,
                                    const LayerSamples& samples, const LayerOptions& options);

}  // namespace quern
