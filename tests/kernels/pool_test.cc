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

PoolAttrs pool(Pair kernel, Pair strides, Pads pads = {}) {
  PoolAttrs attrs;
  attrs.kernel = kernel;
  attrs.strides = strides;
  attrs.pads = pads;
  return attrs;
}

const Tensor kNine = Tensor::of<float>({1, 3, 3, 1}, {1, 2, 3, 4, 5, 6, 7, 8, 9});

TEST(PoolReference, MaxIgnoresThePadding) {
  const Tensor x = Tensor::of<float>({1, 1, 2, 1}, {-3, -5});
  EXPECT_THAT(run_one<float>(OpKind::MaxPool, pool({1, 2}, {1, 1}, {0, 1, 0, 1}), {x}, {DType::float32, {1, 1, 3, 1}}),
              ElementsAre(-3, -3, -5));
}

TEST(PoolReference, MaxCopiesQuantizedCodes) {
  const Tensor x = quantized(Tensor::of<int8_t>({1, 1, 4, 1}, {-128, 5, -1, 7}), 0.5f, 3);
  EXPECT_THAT(run_one<int8_t>(OpKind::MaxPool, pool({1, 2}, {1, 2}), {x}, {DType::int8, {1, 1, 2, 1}, x.quantization}),
              ElementsAre(5, 7));
}

TEST(PoolReference, MaxDeclinesToChangeTheQuantization) {
  const Tensor x = quantized(Tensor::of<int8_t>({1, 1, 1, 1}, {1}), 0.5f, 3);
  const Out other{DType::int8, {1, 1, 1, 1}, {{0.25f}, {3}, 0}};
  const auto call = make_call(OpKind::MaxPool, pool({1, 1}, {1, 1}), {x}, {other}, Arithmetic::float_rule);
  EXPECT_EQ(make_of_row("max_pool_reference", call), nullptr);
}

TEST(PoolReference, MaxDilates) {
  PoolAttrs attrs = pool({2, 2}, {1, 1});
  attrs.dilations = {2, 2};
  EXPECT_THAT(run_one<float>(OpKind::MaxPool, attrs, {kNine}, {DType::float32, {1, 1, 1, 1}}), ElementsAre(9));
}

TEST(PoolReference, AverageLeavesPaddingOut) {
  EXPECT_THAT(
      run_one<float>(OpKind::AveragePool, pool({2, 2}, {2, 2}, {1, 1, 0, 0}), {kNine}, {DType::float32, {1, 2, 2, 1}}),
      ElementsAre(1, 2.5f, 5.5f, 7));
}

TEST(PoolReference, AverageCountsPaddingWhenAsked) {
  PoolAttrs attrs = pool({2, 2}, {2, 2}, {1, 1, 0, 0});
  attrs.count_include_pad = true;
  EXPECT_THAT(run_one<float>(OpKind::AveragePool, attrs, {kNine}, {DType::float32, {1, 2, 2, 1}}),
              ElementsAre(0.25f, 1.25f, 2.75f, 7));
}

TEST(PoolReference, CeilModeWindowsBeyondThePaddingCountOnlyWhatIsThere) {
  PoolAttrs attrs = pool({2, 2}, {2, 2});
  attrs.ceil_mode = true;
  attrs.count_include_pad = true;
  EXPECT_THAT(run_one<float>(OpKind::AveragePool, attrs, {kNine}, {DType::float32, {1, 2, 2, 1}}),
              ElementsAre(3, 4.5f, 7.5f, 9));
}

}  // namespace
}  // namespace quern::test
