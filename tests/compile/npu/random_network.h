// Small quantized graphs made by chance, for comparing the simulated NPU with the processor.
#pragma once

#include <random>

#include "graph/graph.h"

namespace quern {

/// Adds operators with random attributes, types and scales to a graph whose values are all quantized.
class RandomNetwork {
 public:
  explicit RandomNetwork(uint64_t seed) : random_(seed) {}

  /// One operator on inputs of its own.
  Graph layer();
  /// A few operators that read one another's results.
  Graph network();

 private:
  int64_t pick(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(random_); }
  bool chance(int percent) { return pick(1, 100) <= percent; }
  float scale();

  Quantization quantization(DType type);
  Tensor codes(DType type, const Shape& shape);
  ValueId input(const Shape& shape, DType type);
  ValueId result(DType type);
  ValueId weights(const Shape& shape, DType type, bool per_axis);
  void add_bias(Op& op, ValueId x, ValueId w, int64_t count);
  bool finish(Op op);

  bool add_conv(ValueId x);
  bool add_conv_transpose(ValueId x);
  bool add_fully_connected(ValueId x);
  bool add_matmul(ValueId x);
  bool add_pool(ValueId x);
  bool add_binary(ValueId x, ValueId y);
  bool add_unary(ValueId x);
  bool add_along(ValueId x);
  bool add_reduce(ValueId x);
  bool add_concat(ValueId x);
  bool add_split(ValueId x);
  bool add_slice(ValueId x);
  bool add_pad(ValueId x);
  bool add_transpose(ValueId x);
  bool add_resize(ValueId x);
  bool add_block(ValueId x);
  bool add_requantize(ValueId x);
  bool add_any(ValueId x);
  ValueId value_like(ValueId x);

  std::mt19937_64 random_;
  Graph graph_;
  std::vector<ValueId> made_;  ///< results so far, and inputs
};

}  // namespace quern
