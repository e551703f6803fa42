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

}  // namespace
}  // namespace quern::test
