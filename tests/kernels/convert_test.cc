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

template <typename To>
std::vector<To> cast(const Tensor& x) {
  return run_one<To>(OpKind::Cast, CastAttrs{DTypeOf<To>::value}, {x}, {DTypeOf<To>::value, x.shape()});
}

TEST(CastReference, FloatsTruncateAndSaturate) {
  const Tensor x = Tensor::of<float>({6}, {1.9f, -1.9f, 300, -300, NAN, INFINITY});
  EXPECT_THAT(cast<int8_t>(x), ElementsAre(1, -1, 127, -128, 0, 127));
  EXPECT_THAT(cast<uint8_t>(x), ElementsAre(1, 0, 255, 0, 0, 255));
  EXPECT_THAT(cast<int64_t>(Tensor::of<float>({1}, {1e30f})), ElementsAre(std::numeric_limits<int64_t>::max()));
}

TEST(CastReference, IntegersKeepTheirLowBits) {
  EXPECT_THAT(cast<int8_t>(Tensor::of<int32_t>({2}, {200, -129})), ElementsAre(-56, 127));
}

TEST(CastReference, BooleansAreNotZero) {
  EXPECT_THAT(cast<bool>(Tensor::of<float>({3}, {0, 0.25f, NAN})), ElementsAre(false, true, true));
  EXPECT_THAT(cast<float>(Tensor::of<bool>({2}, {false, true})), ElementsAre(0, 1));
}

TEST(CastReference, HalvesRoundToEvenAndComeBack) {
  const Tensor x = Tensor::of<float>({5}, {1, 2049, 2051, 1e9f, 6e-8f});
  auto halves = run_kernel(OpKind::Cast, CastAttrs{DType::float16}, {x}, {{DType::float16, {5}}});
  ASSERT_TRUE(halves.ok());
  EXPECT_THAT(cast<float>(halves->front()), ElementsAre(1, 2048, 2052, INFINITY, 5.9604645e-8f));
}

TEST(ShapeReference, GivesASliceOfTheExtents) {
  const Tensor x = *Tensor::make(DType::uint8, {2, 3, 5});
  EXPECT_THAT(run_one<int64_t>(OpKind::Shape, ShapeOfAttrs{}, {x}, {DType::int64, {3}}), ElementsAre(2, 3, 5));
  EXPECT_THAT(run_one<int32_t>(OpKind::Shape, ShapeOfAttrs{-2, -1}, {x}, {DType::int32, {1}}), ElementsAre(3));
  EXPECT_THAT(run_one<int64_t>(OpKind::Size, NoAttrs{}, {x}, {DType::int64, {}}), ElementsAre(30));
}

TEST(ShapeReference, FillAndRange) {
  FillAttrs seven;
  seven.value = 7;
  EXPECT_THAT(run_one<int16_t>(OpKind::Fill, seven, {}, {DType::int16, {2}}), ElementsAre(7, 7));
  const auto scalar = [](int32_t v) { return Tensor::of<int32_t>({}, {v}); };
  EXPECT_THAT(run_one<int32_t>(OpKind::Range, NoAttrs{}, {scalar(5), scalar(0), scalar(-2)}, {DType::int32, {3}}),
              ElementsAre(5, 3, 1));
}

}  // namespace
}  // namespace quern::test
