// The expected bytes were made with Pillow 13.
#include <gmock/gmock.h>

#include "quern/task.h"

namespace quern {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

/// 5x4, gray.
Picture sample() {
  Picture picture{5, 4, 1, {}};
  for (int i = 0; i < 20; ++i) picture.pixels.push_back(static_cast<uint8_t>(i * 37));
  return picture;
}

struct Case {
  Filter filter;
  int width;
  int height;
  std::vector<uint8_t> bytes;
};

class PillowResize : public testing::TestWithParam<Case> {};

TEST_P(PillowResize, GivesPillowsBytes) {
  const auto resized = resize_picture(sample(), GetParam().width, GetParam().height, GetParam().filter);
  ASSERT_TRUE(resized.ok());
  EXPECT_THAT(resized->pixels, ElementsAreArray(GetParam().bytes));
}

const Case kCases[] = {
    {Filter::bilinear, 3, 2, {112, 84, 97, 110, 139, 127}},
    {Filter::bilinear, 5, 3, {55, 92, 53, 90, 127, 150, 187, 96, 133, 42, 64, 101, 138, 175, 136}},
    {Filter::bicubic, 3, 2, {114, 79, 93, 108, 149, 129}},
    {Filter::bicubic, 8, 5, {0,   4,   31,  62,  90,  112, 138, 154, 136, 161, 170, 53,  9,   43,
                             82,  106, 162, 186, 199, 123, 104, 134, 69,  23,  86,  101, 129, 164,
                             201, 222, 120, 49,  37,  53,  79,  102, 126, 149, 182, 202}},
    {Filter::box, 2, 3, {37, 130, 144, 88, 80, 173}},
    {Filter::nearest, 3, 3, {0, 74, 148, 114, 188, 6, 43, 117, 191}},
    {Filter::lanczos, 2, 2, {103, 83, 127, 138}},
};
INSTANTIATE_TEST_SUITE_P(Filters, PillowResize, testing::ValuesIn(kCases));

TEST(Resize, FiltersRowsFirstWhereTheyShrinkMost) {  // the other order gives other bytes here
  const auto resized = resize_picture(sample(), 6, 2, Filter::bilinear);
  ASSERT_TRUE(resized.ok());
  EXPECT_THAT(resized->pixels, ElementsAre(96, 124, 90, 75, 97, 97, 94, 122, 131, 146, 150, 95));
}

TEST(Resize, ToItsOwnSizeCopies) {
  EXPECT_EQ(resize_picture(sample(), 5, 4, Filter::bicubic)->pixels, sample().pixels);
}

TEST(Resize, TreatsChannelsAlone) {
  Picture rgb{5, 4, 3, {}};
  for (uint8_t gray : sample().pixels) rgb.pixels.insert(rgb.pixels.end(), {gray, 7, gray});
  const auto one = resize_picture(sample(), 3, 2, Filter::bicubic);
  const auto three = resize_picture(rgb, 3, 2, Filter::bicubic);
  ASSERT_TRUE(three.ok());
  for (size_t i = 0; i < one->pixels.size(); ++i) {
    EXPECT_EQ(three->pixels[3 * i], one->pixels[i]);
    EXPECT_EQ(three->pixels[3 * i + 1], 7);
  }
}

TEST(Resize, WindowHasTheBytesOfTheWhole) {
  for (Filter filter : {Filter::nearest, Filter::box, Filter::bilinear, Filter::bicubic, Filter::lanczos}) {
    const auto whole = resize_picture(sample(), 9, 7, filter);
    const auto window = resize_window(sample(), 9, 7, filter, {2, 1, 4, 5});
    ASSERT_TRUE(whole.ok() && window.ok());
    for (size_t y = 0; y < 5; ++y) {
      for (size_t x = 0; x < 4; ++x) EXPECT_EQ(window->pixels[y * 4 + x], whole->pixels[(y + 1) * 9 + x + 2]);
    }
  }
}

TEST(Resize, WindowOfAHugeResultStaysSmall) {
  const auto window = resize_window(sample(), 1 << 22, 1 << 22, Filter::bilinear, {1 << 21, 1 << 21, 3, 3});
  ASSERT_TRUE(window.ok());
  EXPECT_EQ(window->pixels.size(), 9U);
}

TEST(Resize, RefusesAWindowOutside) {
  EXPECT_EQ(resize_window(sample(), 9, 7, Filter::box, {6, 0, 4, 4}).error().code, ErrorCode::invalid_argument);
}

TEST(Resize, RefusesAPictureWithTooFewBytes) {
  Picture broken = sample();
  broken.pixels.pop_back();
  EXPECT_EQ(resize_picture(broken, 3, 3, Filter::box).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(warp_picture(broken, 3, 3).error().code, ErrorCode::invalid_argument);
}

TEST(Resize, RefusesWhatIsBeyondTheLimit) {
  EXPECT_EQ(resize_picture(sample(), 16385, 1, Filter::box).error().code, ErrorCode::out_of_memory);
  EXPECT_EQ(resize_picture(sample(), 16384, 16384, Filter::box).error().code, ErrorCode::out_of_memory);
}

TEST(Warp, AlignsCornersAndBlendsWithBlackOutside) {
  const Picture two{2, 1, 1, {100, 200}};
  EXPECT_THAT(warp_picture(two, 4, 1)->pixels, ElementsAre(100, 150, 200, 100));
}

TEST(Warp, OfTheSameSizeCopies) {
  EXPECT_EQ(warp_picture(sample(), 5, 4)->pixels, sample().pixels);
}

}  // namespace
}  // namespace quern
