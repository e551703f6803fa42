// What a convolution's weights meet on the average: the mean of each tap's inputs, and of their squares.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace quern {

/// Means over samples and output positions. A matrix operator's sum is linear in its inputs, so the mean of its output
/// is its weights on `mean`, exactly.
struct TapMeans {
  std::vector<double> mean;    ///< KH x KW x channels of the input (FullyConnected: channels)
  std::vector<double> square;  ///< by channel of the input, over all positions
};

/// Adds up the taps of Conv and FullyConnected, sample by sample.
class TapSums {
 public:
  TapSums(const Graph& graph, const Op& op);
  /// Whether this kind of operator can be summed at all (ConvTranspose and MatMul cannot).
  static bool knows(const Op& op) { return op.kind == OpKind::Conv || op.kind == OpKind::FullyConnected; }

  void add(const Tensor& input);
  TapMeans means() const;

 private:
  void add_tap(const Tensor& input, int64_t kh, int64_t kw);

  ConvAttrs attrs_;
  Shape in_;   ///< N H W C
  Shape out_;  ///< N H W O
  int64_t kernel_height_ = 1;
  int64_t kernel_width_ = 1;
  double positions_ = 0;
  double elements_ = 0;
  TapMeans sums_;
};

/// By output channel: the weights (OHWI, or [O, I]) on the means; grouped convolutions read their own channels.
std::vector<double> on_means(const Tensor& weights, const TapMeans& taps, int64_t groups);

}  // namespace quern
