#include "quantize/weights.h"

#include <gtest/gtest.h>

namespace quern {
namespace {

Tensor two_channels() {
  return Tensor::of<float>({2, 1, 1, 2}, {1, -2, 0.5F, 0.25F});
}

TEST(WeightScales, ReachTheGreatestWeightOfEachChannel) {
  const auto scales = weight_scales(two_channels(), {.per_channel = true, .search = false}, {});
  EXPECT_FLOAT_EQ(scales[0], 2.0F / 127);
  EXPECT_FLOAT_EQ(scales[1], 0.5F / 127);
}

TEST(WeightScales, PerTensorGivesAllChannelsTheWidest) {
  const auto scales = weight_scales(two_channels(), {.per_channel = false, .search = false}, {});
  EXPECT_FLOAT_EQ(scales[0], 2.0F / 127);
  EXPECT_FLOAT_EQ(scales[1], 2.0F / 127);
}

TEST(WeightScales, SearchCutsAnOutlierThatHardlyMatters) {
  std::vector<float> values(129, 0.005F);
  values[0] = 1;
  Tensor weights = *Tensor::make(DType::float32, {1, 1, 1, 129});
  std::ranges::copy(values, weights.mutable_data<float>().begin());
  std::vector<float> importance(129, 1);
  importance[0] = 1e-6F;
  const auto scales = weight_scales(weights, {}, importance);
  EXPECT_LT(scales[0], 0.9F / 127);
}

TEST(WeightScales, OfAChannelOfZerosIsFinite) {
  const auto scales = weight_scales(Tensor::of<float>({1, 1}, {0}), {}, {});
  EXPECT_GT(scales[0], 0);
}

TEST(QuantizeWeights, RoundsToTheNearestCodeAndCarriesItsScales) {
  const auto stored = quantize_weights(two_channels(), {2.0F / 127, 0.5F / 127});
  ASSERT_TRUE(stored.ok());
  EXPECT_EQ(stored->data<int8_t>()[0], 64);
  EXPECT_EQ(stored->data<int8_t>()[1], -127);
  EXPECT_EQ(stored->data<int8_t>()[2], 127);
  EXPECT_EQ(stored->quantization.scales.size(), 2U);
  const auto back = dequantize_weights(*stored);
  EXPECT_NEAR(back->data<float>()[0], 1, 0.5 * 2 / 127);
}

TEST(MakeRoomForBias, WidensTheScaleOfAChannelWhoseBiasWouldOverflow) {
  std::vector<float> scales{1e-9F, 0.1F};
  const std::vector<float> bias{10, 10};
  make_room_for_bias(scales, bias, 0.01F, DType::int8);
  EXPECT_LE(10 / (0.01F * scales[0]), 1 << 29);
  EXPECT_FLOAT_EQ(scales[1], 0.1F);
}

TEST(QuantizeBias, LiesOnTheGridOfTheSums) {
  const std::vector<float> bias{1, -1};
  const auto stored = quantize_bias(bias, 0.5F, {0.01F, 0.02F});
  ASSERT_TRUE(stored.ok());
  EXPECT_EQ(stored->data<int32_t>()[0], 200);
  EXPECT_EQ(stored->data<int32_t>()[1], -100);
  EXPECT_FLOAT_EQ(stored->quantization.scales[1], 0.01F);
}

}  // namespace
}  // namespace quern
