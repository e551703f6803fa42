// Operators of odd sizes for comparing kernel rows: around vector widths, with every stride, padding and type.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "kernels/run_kernel.h"

namespace quern::test {

/// One operator with its inputs.
struct RowCase {
  std::string text;
  OpKind kind = OpKind::Identity;
  Attrs attrs;
  std::vector<In> inputs;
  Out output;
  Arithmetic arithmetic = Arithmetic::float_rule;
  int64_t depth = 1;  ///< products summed in an output element

  OpCall call() const { return make_call(kind, attrs, inputs, {output}, arithmetic); }
};

/// Random choices that can be replayed.
class Dice {
 public:
  explicit Dice(uint32_t seed) : engine_(seed) {}
  int64_t between(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(engine_); }
  float real(float low, float high) { return std::uniform_real_distribution<float>(low, high)(engine_); }
  bool flip() { return between(0, 1) == 1; }
  template <typename T>
  T pick(std::initializer_list<T> values) {
    return values.begin()[between(0, static_cast<int64_t>(values.size()) - 1)];
  }

 private:
  std::mt19937 engine_;
};

/// Every byte with the same chance, extremes first.
Tensor random_bytes(Dice& dice, DType type, const Shape& shape);
/// Between -1 and 1.
Tensor random_floats(Dice& dice, const Shape& shape);
int32_t zero_point(Dice& dice, DType type);

/// Convolutions with one group, and fully connected operators; `type` is the element type of the input.
std::vector<RowCase> product_cases(DType type, uint32_t seed);
/// Convolutions with lines of many positions.
std::vector<RowCase> wide_line_cases(DType type, uint32_t seed);
/// Depthwise convolutions with as many outputs as inputs.
std::vector<RowCase> depthwise_cases(DType type, uint32_t seed);
/// Add, Sub and Mul of equal and of broadcast shapes; none for float32.
std::vector<RowCase> binary_cases(DType type, uint32_t seed);
/// MaxPool, and Quantize from float32 to `type`; none for float32.
std::vector<RowCase> pool_cases(DType type, uint32_t seed);
std::vector<RowCase> quantize_cases(DType type, uint32_t seed);
/// Unary operators, Quantize, Dequantize, Concat, Split, Transpose, ReduceMean and linear Resize of 8-bit values; unary
/// operators, MaxPool and Transpose of float32.
std::vector<RowCase> byte_cases(DType type, uint32_t seed);

}  // namespace quern::test
