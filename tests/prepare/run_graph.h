// Runs a small graph operator by operator on the reference kernels, and makes inputs for it.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "graph/graph.h"
#include "prepare/evaluate.h"

namespace quern::test {

/// The graph's outputs, in order, for these inputs.
inline Result<std::vector<Tensor>> run_graph(const Graph& graph, const std::vector<Tensor>& inputs) {
  return evaluate_graph(graph, inputs);
}

/// A float in [-1, 1), or any 8-bit integer; the same for a seed on every machine.
inline Tensor random_tensor(const Value& value, uint32_t seed) {
  auto tensor = Tensor::make(value.dtype, value.shape);
  tensor->quantization = value.quantization;
  uint32_t state = seed * 2654435761u + 12345u;
  for (int64_t i = 0; i < tensor->size(); ++i) {
    state = state * 1664525u + 1013904223u;
    const uint32_t bits = state >> 8;
    if (value.dtype == DType::float32) {
      tensor->mutable_data<float>()[static_cast<size_t>(i)] = static_cast<float>(bits) / 8388608.0f - 1.0f;
    } else if (size_of(value.dtype) == 1) {
      static_cast<uint8_t*>(tensor->mutable_raw())[i] = static_cast<uint8_t>(bits);
    }
  }
  return *std::move(tensor);
}

/// Floats up to rounding, everything else to the bit.
inline void expect_same(const Tensor& before, const Tensor& after) {
  ASSERT_EQ(before.dtype(), after.dtype());
  ASSERT_EQ(before.shape(), after.shape());
  if (before.dtype() != DType::float32) {
    EXPECT_EQ(std::memcmp(before.raw(), after.raw(), static_cast<size_t>(before.bytes())), 0);
    return;
  }
  for (size_t i = 0; i < static_cast<size_t>(before.size()); ++i) {
    const float a = before.data<float>()[i], b = after.data<float>()[i];
    ASSERT_NEAR(a, b, 1e-4f * (1 + std::fabs(a))) << "element " << i;
  }
}

/// Random tensors for all inputs of a graph.
inline std::vector<Tensor> inputs_of(const Graph& graph) {
  std::vector<Tensor> inputs;
  for (ValueId id : graph.inputs) inputs.push_back(random_tensor(graph.value(id), static_cast<uint32_t>(id) + 1));
  return inputs;
}

}  // namespace quern::test
