// Full-integer models from a float one and samples: edges, the scale of an input, joins that hurt.
#include <gtest/gtest.h>

#include "graph/graph.h"
#include "graph/infer.h"
#include "graph/text.h"
#include "graph/verify.h"
#include "quern/quantize.h"

namespace quern {
namespace {

Model model_of(const std::string& text) {
  auto graph = parse_text("graph \"test\" {\n" + text + "}\n");
  EXPECT_TRUE(graph.ok() && infer(*graph).ok() && verify(*graph).ok());
  return {*std::move(graph), {}};
}

/// Numbers between 0.25 and 0.75.
CalibrationData data(const Shape& shape) {
  return {4, [shape](int64_t seed) -> Result<std::vector<Tensor>> {
            Tensor tensor = *Tensor::make(DType::float32, shape);
            auto state = static_cast<uint32_t>(seed * 7919 + 1);
            for (float& v : tensor.mutable_data<float>()) {
              state = state * 1664525U + 1013904223U;
              v = 0.25F + 0.5F * static_cast<float>(state >> 8) / 16777216.0F;
            }
            return std::vector<Tensor>{tensor};
          }};
}

QuantizeOptions options() {
  QuantizeOptions options;
  options.full_integer = true;
  options.calibration = Calibration::minmax;
  return options;
}

constexpr const char* kChannelsFirst = R"(
  input %x : float32[1,3,6,6]
  %t = Transpose(%x) {perm=[0, 2, 3, 1]}
  const %w : float32[8,3,3,3] = random 1
  const %k : float32[8] = random 2
  %a = Conv(%t, %w) {clamp=[0, inf]}
  %m = Mul(%a, %k)
  %r = ReduceMean(%m) {axes=[1, 2], keep_dims=false}
  %y = Softmax(%r) {axis=1}
  output %y
)";

TEST(FullIntegerModel, IsInt8FromItsInputsToItsOutputs) {
  const auto result = quantize(model_of(kChannelsFirst), data({1, 3, 6, 6}), options());
  ASSERT_TRUE(result.ok()) << result.error().message;
  const ValueInfo input = result->model.inputs()[0];
  EXPECT_EQ(input.name, "x");
  EXPECT_EQ(input.dtype, DType::int8);
  EXPECT_EQ(input.shape, (Shape{1, 6, 6, 3}));
  const ValueInfo output = result->model.outputs()[0];
  EXPECT_EQ(output.name, "y");
  EXPECT_EQ(output.dtype, DType::int8);
  EXPECT_EQ(output.quantization.scales, std::vector<float>{1.0F / 256});
  for (const ValueInfo& value : result->model.values()) EXPECT_NE(value.dtype, DType::float32) << value.name;
  ASSERT_EQ(result->notes.size(), 1U);
  EXPECT_TRUE(result->notes[0].starts_with("input 'x' is 1x6x6x3 here")) << result->notes[0];
}

TEST(FullIntegerModel, TakesAnInputsKnownRangeForItsScale) {
  CalibrationData bytes = data({1, 3, 6, 6});
  const auto seen = quantize(model_of(kChannelsFirst), bytes, options());
  bytes.ranges = {{true, 0, 1}};
  const auto known = quantize(model_of(kChannelsFirst), bytes, options());
  ASSERT_TRUE(seen.ok() && known.ok());
  EXPECT_LT(seen->model.inputs()[0].quantization.scales[0], 0.003F);
  EXPECT_EQ(known->model.inputs()[0].quantization, (Quantization{{1.0F / 255}, {-128}, 0}));
}

std::string joined(const char* factor) {
  return std::string(R"(
  input %x : float32[1,6,6,3]
  const %w : float32[8,1,1,3] = random 1
  const %f : float32[] = [)") +
         factor + R"(]
  %a = Conv(%x, %w)
  %s = Sigmoid(%a)
  %b = Mul(%a, %f)
  %j = Concat(%s, %b) {axis=3}
  %y = Reshape(%j) {shape=[1, 36, 16]}
  output %y
)";
}

TEST(FullIntegerModel, LeavesAJoinFloatThatOneScaleCannotServe) {
  const auto result = quantize(model_of(joined("100")), data({1, 6, 6, 3}), options());
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result->model.outputs()[0].dtype, DType::float32);
  ASSERT_EQ(result->notes.size(), 1U);
  EXPECT_TRUE(result->notes[0].starts_with("output 'y' stays float32: 'j' joins values that reach"))
      << result->notes[0];
}

TEST(FullIntegerModel, StoresAJoinOfLikeValues) {
  const auto result = quantize(model_of(joined("1")), data({1, 6, 6, 3}), options());
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result->model.outputs()[0].dtype, DType::int8);
  EXPECT_TRUE(result->notes.empty());
}

TEST(FullIntegerModel, HasInt8Activations) {
  QuantizeOptions wrong = options();
  wrong.activations = DType::uint8;
  const auto result = quantize(model_of(kChannelsFirst), data({1, 3, 6, 6}), wrong);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace quern
