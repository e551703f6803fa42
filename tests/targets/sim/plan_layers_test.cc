#include <gtest/gtest.h>

#include "targets/sim/estimate.h"

namespace quern {
namespace {

/// A plan of int8 values made by hand.
struct Maker {
  Plan plan;

  int value(const Shape& shape, int64_t offset, bool constant = false) {
    PlanValue made{"v" + std::to_string(plan.values.size()), DType::int8, shape};
    made.bytes = 1;
    for (const int64_t extent : shape) made.bytes *= extent;
    made.offset = constant ? -1 : offset;
    made.constant = constant ? 0 : -1;
    plan.values.push_back(made);
    return static_cast<int>(plan.values.size()) - 1;
  }
  void step(OpKind kind, std::vector<int> inputs, int output, std::optional<Attrs> attrs = {}) {
    plan.steps.push_back({kind, "s", "S", attrs ? *attrs : default_attrs(kind), std::move(inputs), {output}});
  }
};

TEST(PlanLayers, ConvolutionIsDescribedByItsShapes) {
  Maker make;
  const int x = make.value({1, 8, 8, 4}, 0), w = make.value({16, 3, 5, 4}, 0, true), y = make.value({1, 4, 4, 16}, 512);
  make.plan.inputs = {x};
  make.plan.outputs = {y};
  make.step(OpKind::Conv, {x, w, -1}, y);
  const auto layers = layers_of(make.plan);
  ASSERT_EQ(layers.size(), 1u);
  EXPECT_EQ(layers[0].kind, WorkKind::conv);
  EXPECT_EQ(layers[0].cin, 4);
  EXPECT_EQ(layers[0].cout, 16);
  EXPECT_EQ(layers[0].kernel, (Pair{3, 5}));
  EXPECT_EQ(layers[0].pixels, 16);
  EXPECT_EQ(layers[0].weight_bytes, 16 * 3 * 5 * 4);
  EXPECT_EQ(layers[0].output_bytes, 256);
  EXPECT_EQ(layers[0].operands.size(), 1u);
  EXPECT_EQ(layers[0].operands[0].producer, -1);
}

TEST(PlanLayers, DepthwiseByItsGroups) {
  Maker make;
  const int x = make.value({1, 8, 8, 4}, 0), w = make.value({4, 3, 3, 1}, 0, true), y = make.value({1, 8, 8, 4}, 256);
  ConvAttrs attrs;
  attrs.groups = 4;
  make.step(OpKind::Conv, {x, w, -1}, y, attrs);
  EXPECT_EQ(layers_of(make.plan)[0].kind, WorkKind::depthwise);
}

TEST(PlanLayers, TransposedConvolutionCountsInputPositions) {
  Maker make;
  const int x = make.value({1, 4, 4, 8}, 0), w = make.value({8, 2, 2, 8}, 0, true), y = make.value({1, 8, 8, 8}, 128);
  make.step(OpKind::ConvTranspose, {x, w, -1}, y);
  EXPECT_EQ(layers_of(make.plan)[0].pixels, 16);
}

TEST(PlanLayers, ActivationNobodyElseReadsGoesWithItsConvolution) {
  Maker make;
  const int x = make.value({1, 4, 4, 8}, 0), w = make.value({8, 1, 1, 8}, 0, true);
  const int y = make.value({1, 4, 4, 8}, 128), z = make.value({1, 4, 4, 8}, 256), p = make.value({1, 4, 4, 8}, 384);
  make.step(OpKind::Conv, {x, w, -1}, y);
  make.step(OpKind::Sigmoid, {y}, z);
  make.step(OpKind::Add, {z, x}, p);
  make.plan.outputs = {p};
  auto layers = layers_of(make.plan);
  ASSERT_EQ(layers.size(), 2u);
  EXPECT_EQ(layers[0].activation, OpKind::Sigmoid);
  EXPECT_EQ(layers[1].kind, WorkKind::join);
  EXPECT_EQ(layers[1].operands[0].producer, 0);
  EXPECT_EQ(layers[1].operands[1].producer, -1);
  make.plan.outputs = {p, y};  // now the convolution's own result is wanted
  layers = layers_of(make.plan);
  ASSERT_EQ(layers.size(), 3u);
  EXPECT_FALSE(layers[0].activation);
  EXPECT_EQ(layers[1].kind, WorkKind::vector);
}

TEST(PlanLayers, ViewHasTheProducerOfItsPlace) {
  Maker make;
  const int x = make.value({1, 4, 4, 8}, 0), y = make.value({1, 4, 4, 8}, 128), view = make.value({1, 128}, 128);
  const int w = make.value({10, 128}, 0, true), z = make.value({1, 10}, 0);
  make.plan.inputs = {x};
  make.step(OpKind::MaxPool, {x}, y);
  make.step(OpKind::FullyConnected, {view, w, -1}, z);  // the Reshape between is no step of a plan
  const auto layers = layers_of(make.plan);
  EXPECT_EQ(layers[0].kind, WorkKind::vector);
  EXPECT_EQ(layers[1].operands[0].producer, 0);
  EXPECT_EQ(layers[1].cin, 128);
  EXPECT_EQ(layers[1].cout, 10);
  EXPECT_EQ(layers[1].pixels, 1);
}

TEST(PlanLayers, MatMulCountsItsRows) {
  Maker make;
  const int a = make.value({2, 5, 7}, 0), b = make.value({2, 7, 3}, 128), y = make.value({2, 5, 3}, 256);
  make.step(OpKind::MatMul, {a, b}, y);
  const auto layers = layers_of(make.plan);
  EXPECT_EQ(layers[0].cin, 7);
  EXPECT_EQ(layers[0].cout, 3);
  EXPECT_EQ(layers[0].pixels, 10);
  EXPECT_EQ(layers[0].weight_bytes, 0);
}

TEST(PlanLayers, PartsOfAnArrayAreMoves) {
  Maker make;
  const int x = make.value({1, 4, 4, 8}, 0), y = make.value({1, 4, 4, 16}, 128);
  make.step(OpKind::Concat, {x, x}, y);
  EXPECT_EQ(layers_of(make.plan)[0].kind, WorkKind::move);
}

TEST(PlanLayers, SumWithAConstantIsVectorWork) {
  Maker make;
  const int x = make.value({1, 4, 4, 8}, 0), c = make.value({8}, 0, true), y = make.value({1, 4, 4, 8}, 128);
  make.step(OpKind::Add, {x, c}, y);
  EXPECT_EQ(layers_of(make.plan)[0].kind, WorkKind::vector);
  EXPECT_EQ(layers_of(make.plan)[0].weight_bytes, 8);
}

}  // namespace
}  // namespace quern
