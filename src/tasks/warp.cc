// The corner-aligned warp of NanoDet, in float: OpenCV's own warp works on a 1/32 pixel grid and differs between its
// versions by up to 4 levels, so it cannot be a reference.
#include <cmath>

#include "base/error.h"
#include "tasks/picture.h"

namespace quern {

namespace {

/// One output along one axis: source `index` and the next one share the value by 1 - next and next.
struct Tap {
  int index;
  float next;
};

std::vector<Tap> make_taps(int in, int out) {
  std::vector<Tap> taps;
  for (int i = 0; i < out; ++i) {
    const double position = static_cast<double>(i) * in / out;
    const double floor = std::floor(position);
    taps.push_back({static_cast<int>(floor), static_cast<float>(position - floor)});
  }
  return taps;
}

/// A source byte, or black outside the picture.
float at(const Picture& picture, int x, int y, int c) {
  if (x >= picture.width || y >= picture.height) return 0;
  const size_t pixel = static_cast<size_t>(y) * static_cast<size_t>(picture.width) + static_cast<size_t>(x);
  return picture.pixels[pixel * static_cast<size_t>(picture.channels) + static_cast<size_t>(c)];
}

uint8_t sample(const Picture& picture, const Tap& x, const Tap& y, int c) {
  const float above = at(picture, x.index, y.index, c) * (1 - x.next) + at(picture, x.index + 1, y.index, c) * x.next;
  const float below =
      at(picture, x.index, y.index + 1, c) * (1 - x.next) + at(picture, x.index + 1, y.index + 1, c) * x.next;
  return static_cast<uint8_t>(above * (1 - y.next) + below * y.next + 0.5F);
}

}  // namespace

Result<Picture> warp_picture(const Picture& picture, int width, int height) {
  QUERN_CHECK(check_picture(picture));
  QUERN_TRY(Picture out, make_picture(width, height, picture.channels));
  const std::vector<Tap> columns = make_taps(picture.width, width);
  const std::vector<Tap> rows = make_taps(picture.height, height);
  uint8_t* target = out.pixels.data();
  for (const Tap& y : rows) {
    for (const Tap& x : columns) {
      for (int c = 0; c < picture.channels; ++c) *target++ = sample(picture, x, y, c);
    }
  }
  return out;
}

}  // namespace quern
