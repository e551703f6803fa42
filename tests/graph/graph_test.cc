#include "graph/graph.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace quern {
namespace {

ValueId value(Graph& g, const std::string& name, Shape shape = {1}) {
  Value v;
  v.name = name;
  v.shape = std::move(shape);
  v.shape_known = true;
  return g.add_value(std::move(v));
}

/// x -> Relu -> a -> Sigmoid -> b, and a dead Tanh.
Graph chain() {
  Graph g;
  const ValueId x = value(g, "x"), dead = value(g, "dead"), a = value(g, "a"), b = value(g, "b");
  g.inputs = {x};
  g.outputs = {b};
  g.add_op(OpKind::Relu, "r", {x}, {a});
  g.add_op(OpKind::Tanh, "t", {x}, {dead});
  g.add_op(OpKind::Sigmoid, "s", {a}, {b});
  return g;
}

TEST(Graph, FreshNameIsTheWishOrTheWishWithANumber) {
  Graph g;
  EXPECT_EQ(g.fresh_name("x"), "x");
  value(g, "x");
  EXPECT_EQ(g.fresh_name("x"), "x_1");
  value(g, "x_1");
  EXPECT_EQ(g.fresh_name("x"), "x_2");
}

TEST(Graph, AConstantTakesTheTensorsTypeShapeAndQuantization) {
  Graph g;
  Tensor t = Tensor::of<int8_t>({2}, {1, 2});
  t.quantization = {{0.5f}, {3}, 0};
  const Value& v = g.value(g.add_constant("w", t));
  EXPECT_EQ(v.dtype, DType::int8);
  EXPECT_EQ(v.shape, Shape{2});
  EXPECT_EQ(v.quantization, t.quantization);
  EXPECT_TRUE(g.is_constant(g.find("w")));
}

TEST(Graph, CompactDropsWhatNothingNeeds) {
  Graph g = chain();
  compact(g);
  EXPECT_EQ(g.ops.size(), 2U);
  EXPECT_EQ(g.find("dead"), kNoValue);
  EXPECT_EQ(g.ops[1].inputs[0], g.find("a"));
  EXPECT_EQ(g.outputs[0], g.find("b"));
}

TEST(Graph, CompactKeepsUnusedInputs) {
  Graph g = chain();
  g.inputs.push_back(value(g, "unused"));
  compact(g);
  EXPECT_NE(g.find("unused"), kNoValue);
}

TEST(Graph, SortingPutsProducersFirstAndKeepsAnOrderThatIsRight) {
  Graph g = chain();
  ASSERT_TRUE(sort_topologically(g).ok());
  EXPECT_EQ(g.ops[1].name, "t");
  std::swap(g.ops[0], g.ops[2]);
  ASSERT_TRUE(sort_topologically(g).ok());
  EXPECT_EQ(g.ops[0].name, "r");
  EXPECT_EQ(g.ops[1].name, "s");
}

TEST(Graph, SortingRefusesACycle) {
  Graph g = chain();
  g.ops[0].inputs[0] = g.find("b");
  EXPECT_EQ(sort_topologically(g).error().code, ErrorCode::invalid_file);
}

TEST(Graph, SortingALongChainDoesNotRecurse) {
  Graph g;
  ValueId last = value(g, "x");
  for (int i = 0; i < 200000; ++i) {
    const ValueId next = value(g, "v" + std::to_string(i));
    g.add_op(OpKind::Relu, "r", {last}, {next});
    last = next;
  }
  std::reverse(g.ops.begin(), g.ops.end());
  ASSERT_TRUE(sort_topologically(g).ok());
  EXPECT_EQ(g.ops[0].inputs[0], 0);
}

TEST(Graph, ReplaceUsesReachesOperatorsAndOutputs) {
  Graph g = chain();
  replace_uses(g, g.find("a"), g.find("x"));
  replace_uses(g, g.find("b"), g.find("x"));
  EXPECT_EQ(g.ops[2].inputs[0], g.find("x"));
  EXPECT_EQ(g.outputs[0], g.find("x"));
}

TEST(Graph, MacsOfAGroupedConvolutionCountOnlyItsGroup) {
  Graph g;
  const ValueId x = value(g, "x", {1, 8, 8, 16}), w = value(g, "w", {16, 3, 3, 1}), y = value(g, "y", {1, 8, 8, 16});
  g.add_op(OpKind::Conv, "c", {x, w}, {y});
  EXPECT_EQ(macs(g, g.ops[0]), 8 * 8 * 16 * 9);
}

}  // namespace
}  // namespace quern
