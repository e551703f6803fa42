#include "kernels/gemm/offset_weights.h"

#include <algorithm>

#include "kernels/gemm/store_rule.h"
#include "kernels/requantize.h"

namespace quern {

namespace {

/// How far a type's values are moved to be another's.
int32_t offset_of(DType type, DType wanted) {
  if (type == wanted) return 0;
  return type == DType::int8 ? 128 : -128;
}

}  // namespace

bool weights_fit_bytes(const Operand& weights, int64_t channels) {
  const int32_t moved = offset_of(weights.dtype, DType::int8);
  for (int64_t c = 0; c < channels; ++c) {
    if (zero_point_of(weights, c) + moved != 0) return false;
  }
  return true;
}

// With u = x + d and v = w + e the stored values moved, and zero points moved likewise:
// sum (u - zu)(v - zv) = sum u v - zu sum v - zv sum u + depth zu zv. All but the third are known beforehand.
OffsetWeights offset_weights(const OpCall& call, int64_t channels, int64_t depth, DType multiplied) {
  const Operand& x = call.inputs[0];
  const Operand& w = call.inputs[1];
  const auto* bytes = w.constant_as<uint8_t>();
  const int32_t moved = offset_of(w.dtype, DType::int8);
  const int64_t zu = zero_point_of(x) + offset_of(x.dtype, multiplied);
  OffsetWeights weights;
  weights.values.resize(static_cast<size_t>(channels * depth));
  weights.bias = integer_bias(call, channels);
  for (int64_t o = 0; o < channels; ++o) {
    const int64_t zv = zero_point_of(w, o) + moved;
    int64_t sum = 0;
    for (int64_t k = 0; k < depth; ++k) {
      const int32_t value = from_byte(bytes[o * depth + k], w.dtype) + moved;
      weights.values[static_cast<size_t>(o * depth + k)] = static_cast<int8_t>(value);
      sum += value;
    }
    auto& b = weights.bias[static_cast<size_t>(o)];
    b = static_cast<int32_t>(b - zu * sum + depth * zu * zv);
    weights.zero_points.push_back(static_cast<int32_t>(zv));
  }
  if (std::ranges::all_of(weights.zero_points, [](int32_t z) { return z == 0; })) weights.zero_points.clear();
  return weights;
}

}  // namespace quern
