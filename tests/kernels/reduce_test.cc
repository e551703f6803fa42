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

const Tensor kCube = Tensor::of<float>({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});

template <typename T>
std::vector<T> reduce(OpKind kind, Ints axes, const Tensor& x, Shape out) {
  ReduceAttrs attrs;
  attrs.axes = std::move(axes);
  return run_one<T>(kind, attrs, {x}, {x.dtype(), std::move(out)});
}

TEST(ReduceReference, AnyAxes) {
  EXPECT_THAT(reduce<float>(OpKind::ReduceSum, {1}, kCube, {2, 1, 2}), ElementsAre(4, 6, 12, 14));
  EXPECT_THAT(reduce<float>(OpKind::ReduceSum, {0, 2}, kCube, {1, 2, 1}), ElementsAre(14, 22));
  EXPECT_THAT(reduce<float>(OpKind::ReduceMean, {0, 1}, kCube, {1, 1, 2}), ElementsAre(4, 5));
}

TEST(ReduceReference, NoAxesMeanAllUnlessSaidOtherwise) {
  EXPECT_THAT(reduce<float>(OpKind::ReduceMax, {}, kCube, {1, 1, 1}), ElementsAre(8));
  ReduceAttrs none;
  none.noop_with_empty_axes = true;
  EXPECT_THAT(run_one<float>(OpKind::ReduceSumSquare, none, {Tensor::of<float>({2}, {2, 3})}, {DType::float32, {2}}),
              ElementsAre(4, 9));
}

TEST(ReduceReference, EveryKindOnOneLine) {
  const Tensor x = Tensor::of<float>({3}, {-1, 2, 2});
  EXPECT_THAT(reduce<float>(OpKind::ReduceMin, {0}, x, {1}), ElementsAre(-1));
  EXPECT_THAT(reduce<float>(OpKind::ReduceProd, {0}, x, {1}), ElementsAre(-4));
  EXPECT_THAT(reduce<float>(OpKind::ReduceL1, {0}, x, {1}), ElementsAre(5));
  EXPECT_THAT(reduce<float>(OpKind::ReduceL2, {0}, x, {1}), ElementsAre(3));
  EXPECT_THAT(reduce<float>(OpKind::ReduceSumSquare, {0}, x, {1}), ElementsAre(9));
  EXPECT_THAT(reduce<float>(OpKind::ReduceLogSum, {0}, x, {1}), ElementsAre(FloatEq(std::log(3.0f))));
  EXPECT_THAT(reduce<float>(OpKind::ReduceLogSumExp, {0}, Tensor::of<float>({2}, {1000, 1000}), {1}),
              ElementsAre(FloatEq(1000.6931f)));
}

TEST(ReduceReference, IntegersTruncate) {
  EXPECT_THAT(reduce<int32_t>(OpKind::ReduceMean, {0}, Tensor::of<int32_t>({2}, {-4, -3}), {1}), ElementsAre(-3));
  EXPECT_THAT(reduce<int64_t>(OpKind::ReduceL1, {0}, Tensor::of<int64_t>({2}, {-4, 3}), {1}), ElementsAre(7));
}

TEST(ReduceReference, AnEmptyAxisGivesTheNeutralElement) {
  const Tensor none = *Tensor::make(DType::float32, {2, 0});
  EXPECT_THAT(reduce<float>(OpKind::ReduceSum, {1}, none, {2, 1}), ElementsAre(0, 0));
  EXPECT_THAT(reduce<float>(OpKind::ReduceProd, {1}, none, {2, 1}), ElementsAre(1, 1));
}

TEST(ArgReference, FirstOrLastOfEquals) {
  const Tensor x = Tensor::of<float>({1, 4}, {1, 7, 7, 0});
  EXPECT_THAT(run_one<int64_t>(OpKind::ArgMax, ArgAttrs{1, true, false}, {x}, {DType::int64, {1, 1}}), ElementsAre(1));
  EXPECT_THAT(run_one<int32_t>(OpKind::ArgMax, ArgAttrs{1, true, true}, {x}, {DType::int32, {1, 1}}), ElementsAre(2));
  EXPECT_THAT(run_one<int64_t>(OpKind::ArgMin, ArgAttrs{1, false, false}, {x}, {DType::int64, {1}}), ElementsAre(3));
}

}  // namespace
}  // namespace quern::test
