// What a convolution's weights meet on the average: the mean of each tap's inputs, and of their squares.
#pragma once

#include <span>
#include <vector>

#include "graph/graph.h"

namespace quern {

/// Means over output positions. A matrix operator's sum is linear in its inputs, so the mean of its output is its
/// weights on `mean`, exactly.
struct TapMeans {
  std::vector<double> mean;    ///< KH x KW x channels of the input (FullyConnected: channels)
  std::vector<double> square;  ///< by channel of the input, over all positions; of float arrays only
};

/// Reads the taps of a Conv or FullyConnected off its input.
class Taps {
 public:
  Taps(const Graph& graph, const Op& op);
  /// Whether this kind of operator can be summed at all (ConvTranspose and MatMul cannot).
  static bool knows(const Op& op) { return op.kind == OpKind::Conv || op.kind == OpKind::FullyConnected; }

  /// `input`: float, or stored in integers with one scale.
  TapMeans means(const Tensor& input) const;

  /// Numbers in `gather`: KH x KW x channels of the input.
  size_t size() const { return static_cast<size_t>(kernel_height_ * kernel_width_ * in_[3]); }
  int64_t positions() const { return out_[0] * out_[1] * out_[2]; }
  /// What the weights meet at one output position of a float array; 0 in the padding.
  void gather(std::span<const float> input, int64_t position, std::span<float> taps) const;

 private:
  template <typename T>
  void add(const Tensor& input, TapMeans& sums) const;
  template <typename T>
  void add_tap(const T* input, int64_t kh, int64_t kw, const Quantization& quantization, double* sum) const;

  ConvAttrs attrs_;
  Shape in_;   ///< N H W C
  Shape out_;  ///< N H W O
  int64_t kernel_height_ = 1;
  int64_t kernel_width_ = 1;
};

/// By output channel: the weights (OHWI, or [O, I]) on the means; grouped convolutions read their own channels.
std::vector<double> on_means(const Tensor& weights, const TapMeans& taps, int64_t groups);

}  // namespace quern
