#include "measure/calibrate/moments.h"

#include <gtest/gtest.h>

#include "graph/infer.h"
#include "graph/text.h"
#include "measure/calibrate/adapt.h"
#include "quantize/weights.h"

namespace quern {
namespace {

Graph graph_of(const std::string& text) {
  auto graph = parse_text("graph \"test\" {\n" + text + "}\n");
  EXPECT_TRUE(graph.ok() && infer(*graph).ok());
  return *std::move(graph);
}

Tensor counting(const Shape& shape) {
  Tensor tensor = *Tensor::make(DType::float32, shape);
  float next = 1;
  for (float& v : tensor.mutable_data<float>()) v = next++;
  return tensor;
}

TEST(Gather, ReadsTheTapsOfOnePositionWithPadding) {
  const Graph graph = graph_of(R"(
    input %x : float32[1,3,3,2]
    const %w : float32[1,3,3,2] = random 1
    %y = Conv(%x, %w) {pads=[1,1,1,1], strides=[2,2]}
    output %y
  )");
  const Tensor x = counting({1, 3, 3, 2});
  const Taps taps(graph, graph.ops[0]);
  ASSERT_EQ(taps.positions(), 4);
  std::vector<float> row(taps.size());
  taps.gather(x.data<float>(), 1, row);  // top right: input rows -1…1, columns 1…3
  EXPECT_EQ(row, (std::vector<float>{0, 0, 0, 0, 0, 0, 3, 4, 5, 6, 0, 0, 9, 10, 11, 12, 0, 0}));
}

Assignment assigned(const Graph& graph) {
  auto made = assign(graph, {});
  EXPECT_TRUE(made.ok());
  return *std::move(made);
}

size_t op_named(const Graph& graph, const std::string& name) {
  for (size_t i = 0; i < graph.ops.size(); ++i) {
    if (graph.ops[i].name == name) return i;
  }
  ADD_FAILURE() << "no operator " << name;
  return 0;
}

TEST(Moments, AreSumsOfProductsByFold) {
  const Assignment assignment = assigned(graph_of(R"(
    input %x : float32[1,1,2,2]
    const %w : float32[3,1,1,2] = random 1
    %y = Conv(%x, %w)
    output %y
  )"));
  const size_t at = op_named(assignment.graph, "y");
  const Tensor a = Tensor::of<float>({1, 1, 2, 2}, {1, 2, 3, 4});
  const Tensor b = Tensor::of<float>({1, 1, 2, 2}, {5, 0, 0, 1});
  const auto moments = take_moments(assignment, {{a}, {b}}, 2, make_pool(2));
  ASSERT_TRUE(moments.ok()) << moments.error().message;
  TapMoments first = (*moments)[0][at];
  EXPECT_EQ(first.count, 2);
  EXPECT_EQ(first.sum, (std::vector<double>{4, 6}));
  EXPECT_EQ(first.blocks[0].products, (std::vector<float>{10, 14, 14, 20}));
  first.add((*moments)[1][at]);
  EXPECT_EQ(first.count, 4);
  EXPECT_EQ(first.blocks[0].products, (std::vector<float>{35, 14, 14, 21}));
}

TEST(Moments, HoldBlocksOfAGroupsOwnChannels) {
  const Assignment assignment = assigned(graph_of(R"(
    input %x : float32[1,4,4,3]
    const %w : float32[3,3,3,1] = random 1
    %y = Conv(%x, %w) {pads=[1,1,1,1], groups=3}
    output %y
  )"));
  const auto moments = take_moments(assignment, {{counting({1, 4, 4, 3})}}, 1, make_pool(1));
  ASSERT_TRUE(moments.ok());
  const TapMoments& own = (*moments)[0][op_named(assignment.graph, "y")];
  ASSERT_EQ(own.blocks.size(), 3U);
  EXPECT_EQ(own.blocks[1].taps, (std::vector<int32_t>{1, 4, 7, 10, 13, 16, 19, 22, 25}));
}

TEST(Moments, AreBoundedForManyTaps) {
  const Assignment assignment = assigned(graph_of(R"(
    input %x : float32[1,4,4,200]
    const %w : float32[2,3,3,200] = random 1
    %y = Conv(%x, %w) {pads=[1,1,1,1]}
    output %y
  )"));
  const auto moments = take_moments(assignment, {{counting({1, 4, 4, 200})}}, 1, make_pool(1));
  ASSERT_TRUE(moments.ok());
  size_t taps = 0;
  for (const MomentBlock& block : (*moments)[0][op_named(assignment.graph, "y")].blocks) {
    EXPECT_LE(block.taps.size(), MomentBlock::kMaxTaps);
    taps += block.taps.size();
  }
  EXPECT_EQ(taps, 1800U);
}

/// The mean squared error of the sums of `stored` on inputs whose two channels are nearly the same.
double error_of(const Tensor& stored, const Tensor& weights, const std::vector<Tensor>& inputs) {
  const Tensor real = *dequantize_weights(stored);
  double sum = 0;
  for (const Tensor& input : inputs) {
    const auto x = input.data<float>();
    const size_t n = static_cast<size_t>(weights.shape().back());
    for (int64_t o = 0; o < weights.shape()[0]; ++o) {
      for (size_t p = 0; p < x.size(); p += n) {
        double e = 0;
        for (size_t i = 0; i < n; ++i) {
          const size_t at = static_cast<size_t>(o) * n + i;
          e += (real.data<float>()[at] - weights.data<float>()[at]) * x[p + i];
        }
        sum += e * e;
      }
    }
  }
  return sum;
}

TEST(AdaptWeights, LowersTheErrorOfSumsOnUnseenInputs) {
  const Graph graph = graph_of(R"(
    input %x : float32[1,8,8,16]
    const %w : float32[8,1,1,16] = random 5
    %y = Conv(%x, %w)
    output %y
  )");
  const Assignment assignment = assigned(graph);
  std::vector<std::vector<Tensor>> seen;
  std::vector<Tensor> unseen;
  uint32_t state = 3;
  const auto random = [&] {
    state = state * 1664525U + 1013904223U;
    return static_cast<float>(state >> 8) / 8388608.0F - 1;
  };
  for (int s = 0; s < 12; ++s) {
    Tensor x = *Tensor::make(DType::float32, {1, 8, 8, 16});
    auto values = x.mutable_data<float>();
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = i % 16 == 0 ? random() : values[i / 16 * 16] + 0.2F * random();
    if (s < 8) seen.push_back({x});
    if (s >= 8) unseen.push_back(x);
  }
  const auto moments = take_moments(assignment, seen, 1, make_pool(1));
  ASSERT_TRUE(moments.ok());
  const Tensor& weights = *graph.value(graph.ops[0].inputs[1]).constant;
  const std::vector<float> scales = weight_scales(weights, {true, false, false}, {});
  const auto adapted =
      adapt_weights(weights, scales, {(*moments)[0][op_named(assignment.graph, "y")], {}, {}, 1e-6, true});
  ASSERT_TRUE(adapted.ok());
  const Tensor nearest = *quantize_weights(weights, scales);
  EXPECT_LT(error_of(*adapted, weights, unseen), 0.5 * error_of(nearest, weights, unseen));
  EXPECT_EQ(adapted->quantization.scales, nearest.quantization.scales);
}

}  // namespace
}  // namespace quern
