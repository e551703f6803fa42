#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/run_kernel.h"

namespace quern::test {
namespace {

using testing::ElementsAre;
using testing::FloatEq;
using testing::FloatNear;
using testing::Pointwise;

TEST(SoftmaxReference, IsStableAndSumsToOne) {
  const Tensor x = Tensor::of<float>({1, 3}, {1000, 1001, 1002});
  SoftmaxAttrs attrs{1, 1};
  EXPECT_THAT(run_one<float>(OpKind::Softmax, attrs, {x}, {DType::float32, {1, 3}}),
              Pointwise(FloatEq(), {0.09003057f, 0.24472847f, 0.66524096f}));
  EXPECT_THAT(run_one<float>(OpKind::LogSoftmax, attrs, {x}, {DType::float32, {1, 3}}),
              Pointwise(FloatEq(), {-2.4076059f, -1.4076059f, -0.4076059f}));
}

TEST(SoftmaxReference, WalksAnyAxis) {
  const Tensor x = Tensor::of<float>({2, 2}, {0, 5, 0, 5});
  EXPECT_THAT(run_one<float>(OpKind::Softmax, SoftmaxAttrs{0, 1}, {x}, {DType::float32, {2, 2}}),
              ElementsAre(0.5f, 0.5f, 0.5f, 0.5f));
}

TEST(SoftmaxReference, BetaSharpens) {
  const Tensor x = Tensor::of<float>({2}, {0, 1});
  EXPECT_THAT(run_one<float>(OpKind::Softmax, SoftmaxAttrs{0, 2}, {x}, {DType::float32, {2}}),
              Pointwise(FloatEq(), {0.11920292f, 0.880797f}));
}

const Tensor kTwoChannels = Tensor::of<float>({1, 2, 2}, {1, 10, 3, 30});

TEST(NormReference, BatchNormScalesEachChannel) {
  const auto two = [](float a, float b) { return Tensor::of<float>({2}, {a, b}); };
  EXPECT_THAT(
      run_one<float>(OpKind::BatchNorm, NormAttrs{2, 0},
                     {kTwoChannels, two(2, 1), two(0.5f, 0), two(1, 10), two(4, 100)}, {DType::float32, {1, 2, 2}}),
      ElementsAre(0.5f, 0, 2.5f, 2));
}

TEST(NormReference, InstanceNormAveragesEachChannel) {
  const Tensor ones = Tensor::of<float>({2}, {1, 2}), bias = Tensor::of<float>({2}, {0, 5});
  EXPECT_THAT(
      run_one<float>(OpKind::InstanceNorm, NormAttrs{2, 0}, {kTwoChannels, ones, bias}, {DType::float32, {1, 2, 2}}),
      ElementsAre(-1, 3, 1, 7));
}

TEST(NormReference, LayerNormAveragesTheLastAxes) {
  const Tensor scale = Tensor::of<float>({2}, {1, 3});
  EXPECT_THAT(run_one<float>(OpKind::LayerNorm, NormAttrs{2, 0}, {kTwoChannels, scale}, {DType::float32, {1, 2, 2}}),
              ElementsAre(-1, 3, -1, 3));
}

TEST(NormReference, MeanVarianceNormAveragesNamedAxes) {
  EXPECT_THAT(run_one<float>(OpKind::MeanVarianceNorm, AxesAttrs{{0, 1}}, {kTwoChannels}, {DType::float32, {1, 2, 2}}),
              Pointwise(FloatEq(), {-1.f, -1.f, 1.f, 1.f}));
}

TEST(LineReference, LpNormLeavesZerosAlone) {
  const Tensor x = Tensor::of<float>({2, 2}, {3, 4, 0, 0});
  EXPECT_THAT(run_one<float>(OpKind::LpNorm, LpNormAttrs{1, 2}, {x}, {DType::float32, {2, 2}}),
              ElementsAre(0.6f, 0.8f, 0, 0));
}

TEST(LineReference, LrnDividesByItsNeighbours) {
  const LrnAttrs attrs{1, 3, 3, 1, 1};
  const Tensor x = Tensor::of<float>({1, 3}, {1, 2, 3});
  EXPECT_THAT(run_one<float>(OpKind::Lrn, attrs, {x}, {DType::float32, {1, 3}}),
              Pointwise(FloatEq(), {1.0f / 6, 2.0f / 15, 3.0f / 14}));
}

TEST(LineReference, CumSumForwardsBackwardsAndWithoutItself) {
  const Tensor x = Tensor::of<int32_t>({3}, {1, 2, 3});
  const Out out{DType::int32, {3}};
  EXPECT_THAT(run_one<int32_t>(OpKind::CumSum, CumSumAttrs{0, false, false}, {x}, out), ElementsAre(1, 3, 6));
  EXPECT_THAT(run_one<int32_t>(OpKind::CumSum, CumSumAttrs{0, true, false}, {x}, out), ElementsAre(0, 1, 3));
  EXPECT_THAT(run_one<int32_t>(OpKind::CumSum, CumSumAttrs{0, false, true}, {x}, out), ElementsAre(6, 5, 3));
}

TEST(TopKReference, EqualsByLowerIndexAndNaNLast) {
  TopKAttrs attrs;
  attrs.k = 3;
  attrs.axis = 0;
  const Tensor x = Tensor::of<float>({4}, {NAN, 5, 7, 5});
  auto top = run_kernel(OpKind::TopK, attrs, {x}, {{DType::float32, {3}}, {DType::int64, {3}}});
  ASSERT_TRUE(top.ok());
  EXPECT_THAT((*top)[0].data<float>(), ElementsAre(7, 5, 5));
  EXPECT_THAT((*top)[1].data<int64_t>(), ElementsAre(2, 1, 3));
}

}  // namespace
}  // namespace quern::test
