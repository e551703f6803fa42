#include "prepare/relayout.h"

#include <gtest/gtest.h>

namespace quern {
namespace {

TEST(Relayout, ThenDoesTheFirstFirst) {
  const Shape x = {2, 3, 5};
  const Perm first = {2, 0, 1}, second = {0, 2, 1};
  EXPECT_EQ(permuted_shape(permuted_shape(x, first), second), permuted_shape(x, then(first, second)));
  EXPECT_TRUE(is_identity(then(first, inverse(first))));
}

TEST(Relayout, MovingExtentsOfOneMovesNothing) {
  EXPECT_TRUE(moves_only_ones({1, 1, 1, 7}, {0, 3, 1, 2}));
  EXPECT_TRUE(moves_only_ones({4, 1, 1, 7}, {0, 3, 1, 2}));
  EXPECT_FALSE(moves_only_ones({1, 2, 1, 7}, {0, 3, 1, 2}));
}

TEST(Relayout, ShuffleKeepsItsMoveInsideTheChannels) {
  // [N, H, W, 2, 58] seen as [N, 58, 2, H, W], joined to [N, 116, H, W].
  const auto sunk = sink_through_reshape({1, 40, 40, 2, 58}, {0, 4, 3, 1, 2}, {1, 116, 40, 40});
  ASSERT_TRUE(sunk.has_value());
  EXPECT_EQ(sunk->pieces, (Shape{1600, 2, 58}));
  EXPECT_EQ(sunk->inner, (Perm{0, 2, 1}));
  EXPECT_EQ(sunk->shape, (Shape{1, 40, 40, 116}));
  EXPECT_EQ(sunk->outer, (Perm{0, 3, 1, 2}));
}

TEST(Relayout, SplittingTheChannelsMovesNothing) {
  const auto sunk = sink_through_reshape({1, 40, 40, 116}, {0, 3, 1, 2}, {1, 2, 58, 40, 40});
  ASSERT_TRUE(sunk.has_value());
  EXPECT_TRUE(is_identity(sunk->inner));
  EXPECT_EQ(sunk->shape, (Shape{1, 40, 40, 2, 58}));
  EXPECT_EQ(sunk->outer, (Perm{0, 3, 4, 1, 2}));
}

TEST(Relayout, JoiningHeightAndWidthKeepsThePixelsOrder) {
  const auto sunk = sink_through_reshape({1, 10, 12, 7}, {0, 3, 1, 2}, {1, 7, 120});
  ASSERT_TRUE(sunk.has_value());
  EXPECT_EQ(sunk->shape, (Shape{1, 120, 7}));
  EXPECT_EQ(sunk->outer, (Perm{0, 2, 1}));
}

TEST(Relayout, FlatteningStays) {
  EXPECT_FALSE(sink_through_reshape({1, 4, 4, 16}, {0, 3, 1, 2}, {1, 256}).has_value());
}

TEST(Relayout, FlatteningOnePixelIsAReshape) {
  const auto sunk = sink_through_reshape({1, 1, 1, 16}, {0, 3, 1, 2}, {1, 16});
  ASSERT_TRUE(sunk.has_value());
  EXPECT_TRUE(is_identity(sunk->inner) && is_identity(sunk->outer));
  EXPECT_EQ(sunk->shape, (Shape{1, 16}));
}

TEST(Relayout, HeadsOfAttentionLieApartAndStay) {
  EXPECT_FALSE(sink_through_reshape({1, 8, 49, 32}, {0, 2, 1, 3}, {1, 49, 256}).has_value());
}

TEST(Relayout, UnevenExtentsStay) {
  EXPECT_FALSE(sink_through_reshape({1, 5, 6, 4}, {0, 3, 1, 2}, {1, 8, 15}).has_value());
}

TEST(Relayout, TwinsOfChannelsFirstAreCalledNhwc) {
  EXPECT_EQ(twin_name("x", {0, 3, 1, 2}), "x@nhwc");
  EXPECT_EQ(twin_name("x", {0, 2, 1}), "x@021");
}

TEST(Relayout, TwinsOfTwinsAreNamedAfterTheFirst) {
  EXPECT_EQ(twin_name("x@nhwc", {0, 2, 3, 1}), "x");
  EXPECT_EQ(twin_name("x@021", {1, 0, 2}), "x@120");
  EXPECT_EQ(twin_name("e@mail", {0, 2, 1}), "e@mail@021");
}

}  // namespace
}  // namespace quern
