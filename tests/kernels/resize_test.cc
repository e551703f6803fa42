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

// The expected numbers of the cubic case are ONNX Runtime's.
const Tensor kFour = Tensor::of<float>({1, 2, 2, 1}, {1, 2, 3, 4});

ResizeAttrs resize(ResizeMode mode, Coordinates coordinates) {
  ResizeAttrs attrs;
  attrs.mode = mode;
  attrs.coordinates = coordinates;
  return attrs;
}

std::vector<float> line(const ResizeAttrs& attrs, std::initializer_list<float> values, int64_t out) {
  const auto in = static_cast<int64_t>(values.size());
  return run_one<float>(OpKind::Resize, attrs, {Tensor::of<float>({in}, values)}, {DType::float32, {out}});
}

TEST(ResizeReference, NearestRepeatsPixels) {
  const auto attrs = resize(ResizeMode::nearest, Coordinates::half_pixel);
  EXPECT_THAT(run_one<float>(OpKind::Resize, attrs, {kFour}, {DType::float32, {1, 2, 4, 1}}),
              ElementsAre(1, 1, 2, 2, 3, 3, 4, 4));
}

TEST(ResizeReference, NearestRoundsAsAsked) {
  ResizeAttrs attrs = resize(ResizeMode::nearest, Coordinates::asymmetric);
  const auto with = [&](NearestMode mode) {
    attrs.nearest = mode;
    return line(attrs, {1, 2}, 4);
  };
  EXPECT_THAT(with(NearestMode::floor), ElementsAre(1, 1, 2, 2));
  EXPECT_THAT(with(NearestMode::ceil), ElementsAre(1, 2, 2, 2));
  EXPECT_THAT(with(NearestMode::round_prefer_floor), ElementsAre(1, 1, 2, 2));
  EXPECT_THAT(with(NearestMode::round_prefer_ceil), ElementsAre(1, 2, 2, 2));
}

TEST(ResizeReference, NearestMovesQuantizedCodes) {
  const Tensor x = quantized(Tensor::of<uint8_t>({2}, {7, 250}), 0.1f, 128);
  const auto attrs = resize(ResizeMode::nearest, Coordinates::asymmetric);
  EXPECT_THAT(run_one<uint8_t>(OpKind::Resize, attrs, {x}, {DType::uint8, {4}, x.quantization}),
              ElementsAre(7, 7, 250, 250));
}

TEST(ResizeReference, LinearByCoordinates) {
  EXPECT_THAT(line(resize(ResizeMode::linear, Coordinates::half_pixel), {0, 4}, 4), ElementsAre(0, 1, 3, 4));
  EXPECT_THAT(line(resize(ResizeMode::linear, Coordinates::asymmetric), {0, 4}, 4), ElementsAre(0, 2, 4, 4));
  EXPECT_THAT(line(resize(ResizeMode::linear, Coordinates::align_corners), {0, 3}, 4), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(line(resize(ResizeMode::linear, Coordinates::pytorch_half_pixel), {5, 4}, 1), ElementsAre(5));
}

TEST(ResizeReference, LinearRunsOverBothAxes) {
  const auto attrs = resize(ResizeMode::linear, Coordinates::align_corners);
  EXPECT_THAT(run_one<float>(OpKind::Resize, attrs, {kFour}, {DType::float32, {1, 3, 3, 1}}),
              ElementsAre(1, 1.5f, 2, 2, 2.5f, 3, 3, 3.5f, 4));
}

TEST(ResizeReference, CubicAndItsEdges) {
  ResizeAttrs attrs = resize(ResizeMode::cubic, Coordinates::half_pixel);
  EXPECT_THAT(line(attrs, {1, 2, 3, 4}, 8), ElementsAre(0.89453125f, 1.19140625f, 1.66796875f, 2.296875f, 2.703125f,
                                                        3.33203125f, 3.80859375f, 4.10546875f));
  attrs.exclude_outside = true;
  EXPECT_THAT(line(attrs, {5, 5, 5}, 6), Pointwise(FloatNear(1e-6f), {5.f, 5.f, 5.f, 5.f, 5.f, 5.f}));
}

TEST(ResizeReference, AntialiasAveragesWhatShrinks) {
  ResizeAttrs attrs = resize(ResizeMode::linear, Coordinates::half_pixel);
  attrs.antialias = true;
  EXPECT_THAT(line(attrs, {0, 0, 8, 8}, 2), ElementsAre(FloatEq(1), FloatEq(7)));
}

TEST(ResizeReference, CropAndResizeExtrapolates) {
  ResizeAttrs attrs = resize(ResizeMode::linear, Coordinates::tf_crop_and_resize);
  attrs.roi = {0.5f, 1.5f};
  attrs.extrapolation_value = 9;
  EXPECT_THAT(line(attrs, {1, 2, 3}, 3), ElementsAre(2, 3, 9));
  attrs.mode = ResizeMode::nearest;
  EXPECT_THAT(line(attrs, {1, 2, 3}, 3), ElementsAre(2, 3, 9));
}

}  // namespace
}  // namespace quern::test
