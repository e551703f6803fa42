// Quantized graphs with faults planted in them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>

#include "graph/infer.h"
#include "graph/verify.h"
#include "measure/compare/float_twin.h"
#include "measure/graph_runner.h"
#include "quern/measure.h"

namespace quern::test {

/// A smooth picture whose three channels differ, values in 0..1.
inline Tensor picture(const Shape& shape, uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto uniform = [&] { return static_cast<float>(random() >> 40U) * 0x1.0p-24F; };
  Tensor tensor = *Tensor::make(DType::float32, shape);
  const auto channels = static_cast<size_t>(shape.back());
  std::vector<float> level(channels);
  for (size_t c = 0; c < channels; ++c) level[c] = (0.2F + 0.8F * uniform()) / static_cast<float>(c + 1);
  auto data = tensor.mutable_data<float>();
  const float wave = 0.02F + 0.1F * uniform();
  for (size_t i = 0; i < data.size(); ++i) {
    const float smooth =
        0.5F + 0.5F * std::sin(wave * static_cast<float>(i / channels) + static_cast<float>(i % channels));
    data[i] = level[i % channels] * (0.7F * smooth + 0.3F * uniform());
  }
  return tensor;
}

inline std::vector<std::vector<Tensor>> pictures_for(const Graph& graph, int count) {
  std::vector<std::vector<Tensor>> samples;
  for (int i = 0; i < count; ++i) samples.push_back({picture(graph.value(graph.inputs[0]).shape, 100 + i)});
  return samples;
}

/// int8 weights with a scale a channel of axis 0, or one for all.
inline void store_weights(Value& weights, bool per_channel) {
  const Tensor real = *weights.constant;
  const auto data = real.data<float>();
  const auto channels = static_cast<size_t>(real.shape()[0]);
  const size_t inner = data.size() / channels;
  Quantization q;
  for (size_t c = 0; c < channels; ++c) {
    float peak = 1e-6F;
    for (size_t i = 0; i < data.size(); ++i) {
      if (!per_channel || i / inner == c) peak = std::max(peak, std::abs(data[i]));
    }
    q.scales.push_back(peak / 127);
    q.zero_points.push_back(0);
    if (!per_channel) break;
  }
  Tensor stored = *Tensor::make(DType::int8, real.shape());
  for (size_t i = 0; i < data.size(); ++i)
    stored.mutable_data<int8_t>()[i] =
        static_cast<int8_t>(std::lround(data[i] / q.scales[per_channel ? i / inner : 0]));
  weights.dtype = DType::int8;
  weights.quantization = q;
  weights.constant = stored;
}

/// int32 codes on the grid s_x * s_w.
inline void store_bias(Value& bias, const Quantization& x, const Quantization& w) {
  const Tensor real = *bias.constant;
  Tensor stored = *Tensor::make(DType::int32, real.shape());
  Quantization q;
  for (float scale : w.scales) q.scales.push_back(scale * x.scales[0]);
  q.zero_points.assign(q.scales.size(), 0);
  for (size_t i = 0; i < static_cast<size_t>(real.size()); ++i) {
    const double code = std::nearbyint(real.data<float>()[i] / q.scales[q.scales.size() > 1 ? i : 0]);
    stored.mutable_data<int32_t>()[i] = static_cast<int32_t>(std::clamp(code, -2147483647.0, 2147483647.0));
  }
  bias.dtype = DType::int32;
  bias.quantization = q;
  bias.constant = stored;
}

inline bool has_weights(const Graph& graph, const Op& op) {
  return (op.kind == OpKind::Conv || op.kind == OpKind::FullyConnected || op.kind == OpKind::ConvTranspose) &&
         graph.is_constant(op.inputs[1]);
}

/// uint8 everywhere, ranges from the samples: a quantizer as plain as can be. The graph's outputs stay float, behind
/// a Dequantize.
inline Graph quantized_plainly(const Graph& graph, const std::vector<std::vector<Tensor>>& samples, bool per_channel) {
  auto pool = std::make_shared<ThreadPool>(1);
  const auto runner = GraphRunner::create(std::make_shared<const Graph>(graph), pool);
  std::vector<std::pair<double, double>> ranges(graph.values.size(), {0, 0});
  for (const auto& sample : samples) {
    const RunValues values = *runner->run(sample);
    for (size_t id = 0; id < values.size(); ++id) {
      if (values[id].dtype() != DType::float32) continue;
      for (float v : values[id].data<float>()) {
        ranges[id] = {std::min<double>(ranges[id].first, v), std::max<double>(ranges[id].second, v)};
      }
    }
  }
  Graph q = graph;
  for (size_t id = 0; id < q.values.size(); ++id) {
    Value& value = q.values[id];
    if (value.constant || value.dtype != DType::float32) continue;
    value.dtype = DType::uint8;
    value.quantization = quantization_for(DType::uint8, ranges[id].first, ranges[id].second);
  }
  for (const Op& op : q.ops) {  // moves keep the scale of what they read
    if (op.kind != OpKind::MaxPool && op.kind != OpKind::Reshape) continue;
    q.value(op.outputs[0]).quantization = q.value(op.inputs[0]).quantization;
  }
  for (const Op& op : q.ops) {
    if (!has_weights(q, op)) continue;
    store_weights(q.value(op.inputs[1]), per_channel);
    if (op.inputs.size() > 2 && op.inputs[2] != kNoValue) {
      store_bias(q.value(op.inputs[2]), q.value(op.inputs[0]).quantization, q.value(op.inputs[1]).quantization);
    }
  }
  return q;
}

/// The scale of a value times `factor`; the biases of the operators that read it move to the new grid.
inline void plant_scale(Graph& graph, ValueId id, float factor) {
  graph.value(id).quantization.scales[0] *= factor;
  for (const Op& op : graph.ops) {
    if (!has_weights(graph, op) || op.inputs[0] != id || op.inputs.size() < 3 || op.inputs[2] == kNoValue) continue;
    Value& bias = graph.value(op.inputs[2]);
    Tensor moved = bias.constant->clone();
    for (int32_t& code : moved.mutable_data<int32_t>())
      code = static_cast<int32_t>(std::lround(static_cast<float>(code) / factor));
    bias.constant = moved;
    for (float& scale : bias.quantization.scales) scale *= factor;
  }
}

/// The weights of a convolution of three input channels for a picture whose colours come in the other order.
inline void plant_swap(Graph& graph, const Op& op) {
  Value& weights = graph.value(op.inputs[1]);
  Tensor moved = weights.constant->clone();
  auto data = moved.mutable_data<int8_t>();
  for (size_t i = 0; i + 2 < data.size(); i += 3) std::swap(data[i], data[i + 2]);
  weights.constant = moved;
}

/// Stores the float samples as the candidate's input does, if it is stored.
inline CompareData data_of(const Graph& candidate, const std::vector<std::vector<Tensor>>& samples) {
  const Value input = candidate.value(candidate.inputs[0]);
  CompareData data;
  data.size = static_cast<int64_t>(samples.size());
  data.read = [input, &samples](int64_t index) -> Result<ComparePair> {
    const std::vector<Tensor>& sample = samples[static_cast<size_t>(index)];
    const ValueInfo info{input.name, input.dtype, sample[0].shape(), true, input.quantization, false, {}};
    std::vector<std::string> notes;
    auto fitted = fit_array(sample[0], info, notes);
    if (!fitted.ok()) return fitted.status();
    return ComparePair{sample, {*fitted}};
  };
  return data;
}

inline Model as_model(Graph graph) {
  const Status inferred = infer(graph);
  EXPECT_TRUE(inferred.ok()) << inferred.error().message;
  const Status verified = verify(graph);
  EXPECT_TRUE(verified.ok()) << verified.error().message;
  return Model(std::move(graph), {});
}

}  // namespace quern::test
