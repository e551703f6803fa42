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

TEST(MatMulReference, MultipliesMatrices) {
  const Tensor a = Tensor::of<float>({2, 3}, {1, 2, 3, 4, 5, 6});
  const Tensor b = Tensor::of<float>({3, 2}, {1, 10, 2, 20, 3, 30});
  EXPECT_THAT(run_one<float>(OpKind::MatMul, MatMulAttrs{}, {a, b}, {DType::float32, {2, 2}}),
              ElementsAre(14, 140, 32, 320));
}

TEST(MatMulReference, TransposesEitherSide) {
  MatMulAttrs attrs;
  attrs.transpose_a = attrs.transpose_b = true;
  const Tensor a = Tensor::of<float>({3, 2}, {1, 4, 2, 5, 3, 6});
  const Tensor b = Tensor::of<float>({2, 3}, {1, 2, 3, 10, 20, 30});
  EXPECT_THAT(run_one<float>(OpKind::MatMul, attrs, {a, b}, {DType::float32, {2, 2}}), ElementsAre(14, 140, 32, 320));
}

TEST(MatMulReference, BroadcastsTheLeadingAxes) {
  const Tensor a = Tensor::of<int32_t>({2, 1, 1, 2}, {1, 2, 3, 4});
  const Tensor b = Tensor::of<int32_t>({3, 2, 1}, {1, 1, 10, 10, 1, -1});
  EXPECT_THAT(run_one<int32_t>(OpKind::MatMul, MatMulAttrs{}, {a, b}, {DType::int32, {2, 3, 1, 1}}),
              ElementsAre(3, 30, -1, 7, 70, -1));
}

TEST(MatMulReference, VectorsAreRowsOnTheLeftAndColumnsOnTheRight) {
  const Tensor v = Tensor::of<float>({2}, {1, 2});
  const Tensor m = Tensor::of<float>({2, 2}, {1, 2, 3, 4});
  EXPECT_THAT(run_one<float>(OpKind::MatMul, MatMulAttrs{}, {v, m}, {DType::float32, {2}}), ElementsAre(7, 10));
  EXPECT_THAT(run_one<float>(OpKind::MatMul, MatMulAttrs{}, {m, v}, {DType::float32, {2}}), ElementsAre(5, 11));
  EXPECT_THAT(run_one<float>(OpKind::MatMul, MatMulAttrs{}, {v, v}, {DType::float32, {}}), ElementsAre(5));
}

TEST(FullyConnectedReference, AddsTheBiasAndClamps) {
  const Tensor x = Tensor::of<float>({2, 2}, {1, 2, 3, -4});
  const Tensor w = Tensor::of<float>({3, 2}, {1, 1, 2, 0, 0, 3});
  const Tensor bias = Tensor::of<float>({3}, {1, 2, 3});
  ClampAttrs relu;
  relu.clamp.low = 0;
  EXPECT_THAT(run_one<float>(OpKind::FullyConnected, relu, {x, w, bias}, {DType::float32, {2, 3}}),
              ElementsAre(4, 4, 9, 0, 8, 0));
}

}  // namespace
}  // namespace quern::test
