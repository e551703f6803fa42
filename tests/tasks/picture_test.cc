#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>

#include "quern/file.h"
#include "quern/task.h"
#include "support/assets.h"

namespace quern {
namespace {

using testing::HasSubstr;

std::vector<std::byte> bytes_of(const std::string& text) {
  const auto span = std::as_bytes(std::span(text));
  return {span.begin(), span.end()};
}

std::string temporary(const std::string& name) {
  return (std::filesystem::temp_directory_path() / ("quern_tasks_" + name)).string();
}

/// 3x2, every pixel another colour.
Picture sample() {
  Picture picture{3, 2, 3, {}};
  for (int i = 0; i < 18; ++i) picture.pixels.push_back(static_cast<uint8_t>(i * 14));
  return picture;
}

/// The bytes of the sample as a file of this suffix.
std::vector<std::byte> encoded(const std::string& suffix) {
  const std::string path = temporary("sample" + suffix);
  EXPECT_TRUE(write_picture(sample(), path).ok());
  auto bytes = read_file(path);
  std::filesystem::remove(path);
  return *std::move(bytes);
}

TEST(Picture, PpmIsRead) {
  const auto picture = decode_picture(bytes_of(std::string("P6\n# note\n2 1\n255\n\x01\x02\x03\x04\x05\x06")), "p");
  ASSERT_TRUE(picture.ok()) << picture.error().message;
  EXPECT_EQ(picture->pixels, (std::vector<uint8_t>{1, 2, 3, 4, 5, 6}));
}

TEST(Picture, LosslessFormatsReturnTheSamePixels) {
  for (const char* suffix : {".png", ".bmp", ".ppm"}) {
    const auto picture = decode_picture(encoded(suffix), suffix);
    ASSERT_TRUE(picture.ok()) << suffix;
    EXPECT_EQ(picture->pixels, sample().pixels) << suffix;
  }
}

TEST(Picture, GrayIsWrittenAsPpmInThreeChannels) {
  const std::string path = temporary("gray.ppm");
  ASSERT_TRUE(write_picture({2, 1, 1, {5, 9}}, path).ok());
  EXPECT_EQ(read_picture(path)->pixels, (std::vector<uint8_t>{5, 5, 5, 9, 9, 9}));
  std::filesystem::remove(path);
}

struct Broken {
  std::string bytes;
  ErrorCode code;
  const char* says;
};
class BrokenPicture : public testing::TestWithParam<Broken> {};

TEST_P(BrokenPicture, IsRefusedWithASentence) {
  const auto picture = decode_picture(bytes_of(GetParam().bytes), "x");
  ASSERT_FALSE(picture.ok());
  EXPECT_EQ(picture.error().code, GetParam().code);
  EXPECT_THAT(picture.error().message, HasSubstr(GetParam().says));
}

const Broken kBroken[] = {
    {"", ErrorCode::invalid_file, "0 bytes"},
    {"hello, world", ErrorCode::unsupported, "not a JPEG"},
    {"P6\n99999 2\n255\nxxxx", ErrorCode::out_of_memory, "beyond the limit of 16384 a side"},
    {"P6\n16000 16000\n255\nxxxx", ErrorCode::out_of_memory, "67108864 pixels"},
    {"P6\n0 7\n255\nxxxx", ErrorCode::invalid_file, "at least 1"},
    {"P6\n7\n", ErrorCode::invalid_file, "too few"},
    {"P6\n7       \n", ErrorCode::invalid_file, "cut short"},
    {"P6\n4 4\n255\nxx", ErrorCode::invalid_file, "cut short"},
    {"P3\n1 1\n255\n1 2 3", ErrorCode::unsupported, "kind P3"},
    {"P5\n1 1\n65535\nxx", ErrorCode::unsupported, "up to 65535"},
    {std::string("\xff\xd8\xff\xe0\x00\x04zz", 8), ErrorCode::invalid_file, "cut short"},
};
INSTANTIATE_TEST_SUITE_P(Files, BrokenPicture, testing::ValuesIn(kBroken));

TEST(Picture, EveryCutIsRefused) {
  for (const char* suffix : {".png", ".jpg", ".bmp", ".ppm"}) {
    const auto whole = encoded(suffix);
    for (size_t length = 0; length < whole.size() - 4; ++length) {
      EXPECT_FALSE(decode_picture(std::span(whole).first(length), suffix).ok()) << suffix << " cut to " << length;
    }
  }
}

TEST(Picture, EveryChangedByteOfAPngIsRefusedOrHarmless) {
  auto bytes = encoded(".png");
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] ^= std::byte{0x55};
    const auto picture = decode_picture(bytes, "p");
    if (picture.ok()) {
      EXPECT_EQ(picture->pixels, sample().pixels) << "byte " << i;
    }
    bytes[i] ^= std::byte{0x55};
  }
}

TEST(Picture, MissingFileIsNotFound) {
  const auto picture = read_picture("no/such/picture.png");
  EXPECT_EQ(picture.error().code, ErrorCode::not_found);
  EXPECT_EQ(picture.error().file, "no/such/picture.png");
}

TEST(Picture, UnknownSuffixIsAnArgumentError) {
  EXPECT_EQ(write_picture(sample(), "out.tiff").error().code, ErrorCode::invalid_argument);
}
TEST(Picture, MissingFolderIsAnIoError) {
  EXPECT_EQ(write_picture(sample(), "no/such/folder/out.png").error().code, ErrorCode::io);
}

TEST(Draw, PaintsInsideAnyPicture) {
  TaskResult result;
  result.boxes.push_back(
      {0, "a name that is much too long for this picture", 0.9F, -50, -50, 1e9F, 1e9F, {{1, 1}, {-5, 1e9F}}});
  result.boxes.push_back({7, "", 0.5F, NAN, 0, 1, 1, {}});
  result.labels.push_back({3, "caf\xc3\xa9", 0.25F});
  for (int side : {1, 2, 9, 300}) {
    const auto painted = draw_result(*make_picture(side, side, 1), result);
    ASSERT_TRUE(painted.ok());
    EXPECT_EQ(painted->channels, 3);
  }
}

TEST(Draw, LeavesThePictureAloneWithoutResults) {
  EXPECT_EQ(draw_result(sample(), {})->pixels, sample().pixels);
}

TEST(Draw, PaintsTheBoxItWasGiven) {
  TaskResult result;
  result.boxes.push_back({0, "x", 0.9F, 50, 60, 100, 90, {}});
  const auto painted = draw_result(*make_picture(200, 200, 3), result);
  const auto is_painted = [&](size_t x, size_t y) { return painted->pixels[(y * 200 + x) * 3 + 1] != 0; };
  EXPECT_TRUE(is_painted(50, 100));
  EXPECT_TRUE(is_painted(150, 100));
  EXPECT_TRUE(is_painted(100, 150));
  EXPECT_FALSE(is_painted(100, 100));
}

TEST(PictureAsset, JpegOfACameraIsDecoded) {
  QUERN_ASSET_OR_SKIP(path, "images_detect/dog.jpg");
  const auto picture = read_picture(path);
  ASSERT_TRUE(picture.ok());
  EXPECT_EQ(picture->width, 768);
  EXPECT_EQ(picture->height, 576);
}

}  // namespace
}  // namespace quern
