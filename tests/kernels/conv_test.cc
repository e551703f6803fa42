#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernels/run_kernel.h"

namespace quern::test {
namespace {

using testing::ElementsAre;

TEST(ConvReference, SumsTheWindowAndAddsTheBias) {
  const Tensor x = Tensor::of<float>({1, 2, 2, 1}, {1, 2, 3, 4});
  const Tensor w = Tensor::of<float>({1, 2, 2, 1}, {1, 10, 100, 1000});
  const Tensor bias = Tensor::of<float>({1}, {0.5f});
  EXPECT_THAT(run_one<float>(OpKind::Conv, ConvAttrs{}, {x, w, bias}, {DType::float32, {1, 1, 1, 1}}),
              ElementsAre(4321.5f));
}

TEST(ConvReference, PadsEachSideByItsOwnAmount) {
  ConvAttrs attrs;
  attrs.pads = {1, 0, 0, 1};
  const Tensor x = Tensor::of<float>({1, 2, 2, 1}, {1, 2, 3, 4});
  const Tensor w = Tensor::of<float>({1, 2, 2, 1}, {1, 10, 100, 1000});
  EXPECT_THAT(run_one<float>(OpKind::Conv, attrs, {x, w}, {DType::float32, {1, 2, 2, 1}}),
              ElementsAre(2100, 200, 4321, 402));
}

TEST(ConvReference, DilatesAndStrides) {
  ConvAttrs attrs;
  attrs.dilations = {1, 2};
  attrs.strides = {1, 2};
  const Tensor x = Tensor::of<float>({1, 1, 5, 1}, {1, 2, 3, 4, 5});
  const Tensor w = Tensor::of<float>({1, 1, 2, 1}, {1, 10});
  EXPECT_THAT(run_one<float>(OpKind::Conv, attrs, {x, w}, {DType::float32, {1, 1, 2, 1}}), ElementsAre(31, 53));
}

TEST(ConvReference, GroupsSeeTheirOwnChannels) {
  ConvAttrs attrs;
  attrs.groups = 2;
  const Tensor x = Tensor::of<float>({1, 1, 1, 4}, {1, 2, 3, 4});
  const Tensor w = Tensor::of<float>({2, 1, 1, 2}, {1, 10, 1, 10});
  EXPECT_THAT(run_one<float>(OpKind::Conv, attrs, {x, w}, {DType::float32, {1, 1, 1, 2}}), ElementsAre(21, 43));
}

TEST(ConvReference, ClampsAfterTheBias) {
  ConvAttrs attrs;
  attrs.clamp = {0, 6};
  const Tensor x = Tensor::of<float>({1, 1, 3, 1}, {-1, 1, 5});
  const Tensor w = Tensor::of<float>({1, 1, 1, 1}, {2});
  EXPECT_THAT(run_one<float>(OpKind::Conv, attrs, {x, w}, {DType::float32, {1, 1, 3, 1}}), ElementsAre(0, 2, 6));
}

TEST(ConvTransposeReference, SpreadsEachPixel) {
  ConvTransposeAttrs attrs;
  attrs.strides = {1, 2};
  const Tensor x = Tensor::of<float>({1, 1, 2, 1}, {1, 2});
  const Tensor w = Tensor::of<float>({1, 1, 3, 1}, {1, 10, 100});
  EXPECT_THAT(run_one<float>(OpKind::ConvTranspose, attrs, {x, w}, {DType::float32, {1, 1, 5, 1}}),
              ElementsAre(1, 10, 102, 20, 200));
  attrs.pads = {0, 1, 0, 1};
  attrs.output_padding = {0, 1};
  EXPECT_THAT(run_one<float>(OpKind::ConvTranspose, attrs, {x, w}, {DType::float32, {1, 1, 4, 1}}),
              ElementsAre(10, 102, 20, 200));
}

TEST(ConvTransposeReference, GroupsAndBias) {
  ConvTransposeAttrs attrs;
  attrs.groups = 2;
  const Tensor x = Tensor::of<float>({1, 1, 1, 2}, {1, 2});
  const Tensor w = Tensor::of<float>({2, 1, 1, 1}, {10, 100});
  const Tensor bias = Tensor::of<float>({2}, {1, 1});
  EXPECT_THAT(run_one<float>(OpKind::ConvTranspose, attrs, {x, w, bias}, {DType::float32, {1, 1, 1, 2}}),
              ElementsAre(11, 201));
}

}  // namespace
}  // namespace quern::test
