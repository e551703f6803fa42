#include "compile/npu/rewrite/same_bytes.h"

#include <algorithm>
#include <cstring>
#include <random>

#include "prepare/evaluate.h"

namespace quern::npu {

namespace {

constexpr int64_t kCodes = 256;
constexpr int kRandomRounds = 2;

/// Bytes, or reals from a bit below to a bit above what 8 bits of some scale would hold.
template <typename NextByte>
Tensor filled(const Value& value, NextByte&& next) {
  Tensor tensor = *Tensor::make(value.dtype, value.shape);
  tensor.quantization = value.quantization;
  if (value.dtype == DType::float32) {
    for (float& real : tensor.mutable_data<float>())
      real = static_cast<float>(next()) / 16.0f - 8.0f + static_cast<float>(next()) / 4096.0f;
    return tensor;
  }
  auto* bytes = static_cast<uint8_t*>(tensor.mutable_raw());
  for (int64_t i = 0; i < tensor.bytes(); ++i) bytes[i] = next();
  return tensor;
}

bool equal(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Tensor& x, const Tensor& y) {
    return x.dtype() == y.dtype() && x.shape() == y.shape() &&
           std::memcmp(x.raw(), y.raw(), static_cast<size_t>(x.bytes())) == 0;
  });
}

}  // namespace

bool same_bytes(const Graph& a, const Graph& b, Arithmetic arithmetic) {
  const EvaluateOptions options{arithmetic, best_isa()};
  // A small value does not hold every code at once: as many rounds as show it all of them.
  int64_t least = kCodes;
  for (ValueId id : a.inputs)
    least = std::min(
        least, std::max<int64_t>(element_count(a.value(id).shape).ok() ? *element_count(a.value(id).shape) : 1, 1));
  const int64_t counted = (kCodes + least - 1) / least;
  std::mt19937 random(1);
  for (int64_t round = 0; round < counted + kRandomRounds; ++round) {
    std::vector<Tensor> inputs;
    for (ValueId id : a.inputs) {
      auto at = static_cast<uint8_t>(round * least);
      if (round < counted) {
        inputs.push_back(filled(a.value(id), [&] { return at++; }));
      } else {
        inputs.push_back(filled(a.value(id), [&] { return static_cast<uint8_t>(random()); }));
      }
    }
    const auto of_a = evaluate_graph(a, inputs, options);
    const auto of_b = evaluate_graph(b, inputs, options);
    if (!of_a.ok() || !of_b.ok() || !equal(*of_a, *of_b)) return false;
  }
  return true;
}

}  // namespace quern::npu
