#include "prepare/evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quern {
namespace {

using testing::ElementsAre;

TEST(Permuted, MovesElementsAndTheQuantizedAxis) {
  Tensor x = Tensor::of<int8_t>({2, 3}, {1, 2, 3, 4, 5, 6});
  x.quantization = {{0.5f, 0.25f}, {0, 0}, 0};
  const auto y = permuted(x, {1, 0});
  ASSERT_TRUE(y.ok());
  EXPECT_THAT(y->data<int8_t>(), ElementsAre(1, 4, 2, 5, 3, 6));
  EXPECT_EQ(y->quantization.axis, 1);
}

TEST(CanFold, NeedsConstants) {
  Graph graph;
  Value input;
  input.name = "x";
  input.shape = {2};
  input.shape_known = true;
  const ValueId x = graph.add_value(input);
  input.name = "y";
  const ValueId y = graph.add_value(input);
  graph.inputs = {x};
  EXPECT_FALSE(can_fold(graph, graph.add_op(OpKind::Relu, "relu", {x}, {y})));
  const ValueId c = graph.add_constant("c", Tensor::of<float>({2}, {-1, 1}));
  EXPECT_TRUE(can_fold(graph, graph.add_op(OpKind::Relu, "relu2", {c}, {y})));
  graph.outputs = {y};
  EXPECT_FALSE(can_fold(graph, graph.ops.back()));
}

TEST(CanFold, AShortFileDoesNotBecomeALargePlan) {
  Graph graph;
  const ValueId c = graph.add_constant("c", Tensor::of<float>({1}, {1}));
  Value large;
  large.name = "large";
  large.shape = {1024, 1024};
  large.shape_known = true;
  const ValueId y = graph.add_value(large);
  EXPECT_FALSE(can_fold(graph, graph.add_op(OpKind::Expand, "expand", {c}, {y})));
}

TEST(Folder, StopsAtItsLimit) {
  Graph graph;
  const ValueId c = graph.add_constant("c", Tensor::of<float>({2}, {-1, 1}));
  Value eight_bytes = graph.value(c);
  eight_bytes.constant.reset();
  const ValueId y = graph.add_value(eight_bytes), z = graph.add_value(eight_bytes);
  Folder folder(graph, 15);
  EXPECT_TRUE(folder.fold(graph.add_op(OpKind::Relu, "first", {c}, {y})));
  EXPECT_FALSE(folder.fold(graph.add_op(OpKind::Relu, "second", {c}, {z})));
}

}  // namespace
}  // namespace quern
