#include <gmock/gmock.h>

#include "quern/task.h"

namespace quern {
namespace {

using testing::ElementsAre;
using testing::FloatEq;
using testing::HasSubstr;

Preprocess record(const char* text) {
  return *parse_preprocess(text);
}

PictureInput float_input(Shape shape) {
  return {"x", DType::float32, std::move(shape), {}};
}
PictureInput quantized(DType dtype, float scale, int32_t zero) {
  return {"x", dtype, {1, 256, 1, 1}, {{scale}, {zero}, 0}};
}

/// 1x2: a pixel (10, 20, 30) above (40, 50, 60).
Picture two_pixels() {
  return {1, 2, 3, {10, 20, 30, 40, 50, 60}};
}

/// Every byte once.
Picture ramp() {
  Picture picture{1, 256, 1, {}};
  for (int i = 0; i < 256; ++i) picture.pixels.push_back(static_cast<uint8_t>(i));
  return picture;
}

std::vector<float> values(const Result<Prepared>& prepared) {
  const auto data = prepared->tensor.data<float>();
  return {data.begin(), data.end()};
}

TEST(Prepare, LaysChannelsOutAsTheInputWants) {
  const Preprocess raw = record("mean=0 std=1");
  EXPECT_THAT(values(prepare_picture(two_pixels(), raw, float_input({1, 3, 2, 1}))),
              ElementsAre(10, 40, 20, 50, 30, 60));
  EXPECT_THAT(values(prepare_picture(two_pixels(), raw, float_input({1, 2, 1, 3}))),
              ElementsAre(10, 20, 30, 40, 50, 60));
}

TEST(Prepare, PicksChannelsByOrder) {
  const auto first = [](const char* order, Shape shape) {
    return values(prepare_picture(two_pixels(), record(order), float_input(std::move(shape))))[0];
  };
  EXPECT_EQ(first("order=bgr mean=0 std=1", {1, 2, 1, 3}), 30);
  EXPECT_EQ(first("order=blue mean=0 std=1", {1, 2, 1, 1}), 30);
  EXPECT_EQ(first("order=gray mean=0 std=1", {1, 2, 1, 1}), 18);  // (19595*10 + 38470*20 + 7471*30 + 32768) >> 16
  EXPECT_EQ(first("order=rgb mean=0 std=1", {1, 2, 1, 1}), 18);   // one channel: gray
}

TEST(Prepare, MeansFollowTheModelsOrder) {
  const auto prepared =
      prepare_picture(two_pixels(), record("order=bgr mean=30,20,10 std=1,2,5"), float_input({1, 2, 1, 3}));
  EXPECT_THAT(values(prepared), ElementsAre(0, 0, 0, 30, 15, 6));
}

TEST(Prepare, ScalesInDoubleThenRoundsToFloat) {
  const auto prepared = prepare_picture(ramp(), record("mean=0 std=255"), float_input({1, 256, 1, 1}));
  const auto data = prepared->tensor.data<float>();
  for (size_t p = 0; p < 256; ++p) EXPECT_EQ(data[p], static_cast<float>(static_cast<double>(p) / 255.0));
}

TEST(Prepare, QuantizesByTheInputsOwnScale) {  // not by 1/255: the upper half of the bytes moves by one
  const auto prepared =
      prepare_picture(ramp(), record("mean=0 std=255"), quantized(DType::uint8, 0.0039040877018123865F, 0));
  const auto data = prepared->tensor.data<uint8_t>();
  for (size_t p : {0, 1, 57, 111}) EXPECT_EQ(data[p], p);
  for (size_t p : {112, 200, 254}) EXPECT_EQ(data[p], p + 1);
  EXPECT_EQ(data[255], 255);
}

TEST(Prepare, ClipsToTheInputsType) {
  const auto prepared = prepare_picture(ramp(), record("mean=0 std=1"), quantized(DType::int8, 1.0F, 0));
  const auto data = prepared->tensor.data<int8_t>();
  EXPECT_EQ(data[127], 127);
  EXPECT_EQ(data[255], 127);
}

TEST(Prepare, FillsInputsOf16Bits) {
  const auto prepared = prepare_picture(ramp(), Preprocess{}, quantized(DType::int16, 1.0F / 32767, 0));
  ASSERT_TRUE(prepared.ok()) << prepared.error().message;
  EXPECT_EQ(prepared->tensor.data<int16_t>()[0], 0);
  EXPECT_EQ(prepared->tensor.data<int16_t>()[255], 32767);
  EXPECT_THAT(prepared->notes.front(), HasSubstr("bytes became 0..1"));
  EXPECT_FALSE(prepare_picture(ramp(), Preprocess{}, PictureInput{"x", DType::int16, {1, 256, 1, 1}, {}}).ok());
}

struct RangeCase {
  DType dtype;
  float scale;
  int32_t zero;
  const char* says;
};
class DefaultRange : public testing::TestWithParam<RangeCase> {};

TEST_P(DefaultRange, IsTakenFromTheInputAndSaid) {
  const auto& c = GetParam();
  const auto prepared = prepare_picture(ramp(), Preprocess{}, quantized(c.dtype, c.scale, c.zero));
  ASSERT_TRUE(prepared.ok());
  EXPECT_THAT(prepared->notes.front(), HasSubstr(c.says));
}

const RangeCase kRanges[] = {
    {DType::uint8, 0.0078125F, 128, "that range (mean=128 std=128)"},
    {DType::uint8, 0.00784313772F, 127, "that range (mean=127 std=127.5)"},
    {DType::int8, 0.003921568859368563F, -128, "that range (mean=0 std=255)"},
    {DType::int8, 0.05F, 0, "neither"},
};
INSTANTIATE_TEST_SUITE_P(Inputs, DefaultRange, testing::ValuesIn(kRanges));

TEST(Prepare, WithoutMeanAndStdAUsualRangeTakesBytesAsCodes) {
  for (const PictureInput& input :
       {quantized(DType::uint8, 0.0078125F, 128), quantized(DType::uint8, 0.003921569F, 0)}) {
    const auto prepared = prepare_picture(ramp(), Preprocess{}, input);
    const auto codes = prepared->tensor.data<uint8_t>();
    for (size_t p = 0; p < 256; ++p) EXPECT_EQ(codes[p], p);
  }
}

TEST(Prepare, StretchMapsTheFrameToTheWholePicture) {
  const auto prepared =
      prepare_picture(*make_picture(400, 300, 3), record("mean=0 std=1"), float_input({1, 3, 100, 200}));
  EXPECT_EQ(prepared->geometry.to_picture_x(200), 400);
  EXPECT_EQ(prepared->geometry.to_picture_y(50), 150);
}

TEST(Prepare, LetterboxCentresAndMapsBack) {
  Picture white = *make_picture(200, 100, 3);
  std::fill(white.pixels.begin(), white.pixels.end(), uint8_t{255});
  const auto prepared = prepare_picture(white, record("fit=letterbox mean=0 std=1"), float_input({1, 3, 100, 100}));
  const auto data = prepared->tensor.data<float>();
  EXPECT_EQ(data[24 * 100], 0);
  EXPECT_EQ(data[25 * 100], 255);
  EXPECT_EQ(data[74 * 100], 255);
  EXPECT_EQ(data[75 * 100], 0);
  EXPECT_EQ(prepared->geometry.to_picture_x(100), 200);
  EXPECT_EQ(prepared->geometry.to_picture_y(25), 0);
  EXPECT_EQ(prepared->geometry.to_picture_y(75), 100);
}

TEST(Prepare, CropKeepsTheCentreAndMapsBack) {  // 512x256 -> 448x224 of 256/224, then the middle
  const auto prepared =
      prepare_picture(*make_picture(512, 256, 3), record("fit=crop mean=0 std=1"), float_input({1, 3, 224, 224}));
  EXPECT_EQ(prepared->tensor.shape(), (Shape{1, 3, 224, 224}));
  EXPECT_EQ(prepared->geometry.to_picture_x(0), 144);
  EXPECT_EQ(prepared->geometry.to_picture_y(0), 16);
  EXPECT_EQ(prepared->geometry.to_picture_y(224), 240);
}

TEST(Prepare, CropOfAThreadOfPixelsStaysSmall) {
  EXPECT_TRUE(prepare_picture(*make_picture(16384, 1, 3), record("fit=crop"), float_input({1, 3, 224, 224})).ok());
}

struct InputCase {
  Shape shape;
  const char* says;
};
class UnfitInput : public testing::TestWithParam<InputCase> {};

TEST_P(UnfitInput, IsRefusedWithASentence) {
  const auto prepared = prepare_picture(two_pixels(), Preprocess{}, float_input(GetParam().shape));
  ASSERT_FALSE(prepared.ok());
  EXPECT_THAT(prepared.error().message, HasSubstr(GetParam().says));
}

const InputCase kUnfit[] = {
    {{1, 9216}, "takes no picture"},
    {{1, 4, 8, 8}, "takes no picture"},
    {{2, 3, 8, 8}, "2 pictures at once"},
    {{1, 3, -1, -1}, "no fixed height and width"},
    {{1, 3, 1 << 20, 1 << 20}, "beyond the limit"},
};
INSTANTIATE_TEST_SUITE_P(Shapes, UnfitInput, testing::ValuesIn(kUnfit));

TEST(Prepare, RefusesAnInputOfAnotherType) {
  PictureInput input = float_input({1, 3, 8, 8});
  input.dtype = DType::int32;
  EXPECT_EQ(prepare_picture(two_pixels(), Preprocess{}, input).error().code, ErrorCode::unsupported);
}

TEST(Prepare, RefusesThreeMeansForOneChannel) {
  EXPECT_FALSE(prepare_picture(two_pixels(), record("mean=1,2,3"), float_input({1, 1, 8, 8})).ok());
}

TEST(Prepare, DoubtsAStdMeantForUnitValues) {
  const auto prepared =
      prepare_picture(two_pixels(), record("mean=0.485,0.456,0.406 std=0.229,0.224,0.225"), float_input({1, 3, 8, 8}));
  EXPECT_THAT(prepared->notes.front(), HasSubstr("multiplied by 255"));
}

}  // namespace
}  // namespace quern
