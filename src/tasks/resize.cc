// Resizing, byte for byte as Pillow 13: separable filters whose support grows with the ratio (so they antialias), taps
// in 22-bit fixed point, two passes with the picture between them rounded to 8 bits.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "tasks/picture.h"

namespace quern {

namespace {

constexpr int kPrecisionBits = 32 - 8 - 2;  // 8 bits of pixel, 2 of head room for the negative lobes

double box_weight(double x) {
  return x > -0.5 && x <= 0.5 ? 1.0 : 0.0;
}

double triangle_weight(double x) {
  x = std::abs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

double cubic_weight(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

double sinc(double x) {
  if (x == 0.0) return 1.0;
  x *= std::numbers::pi;
  return std::sin(x) / x;
}

double lanczos_weight(double x) {
  return -3.0 <= x && x < 3.0 ? sinc(x) * sinc(x / 3) : 0.0;
}

struct FilterRow {
  Filter filter;
  const char* name;
  double (*weight)(double);  ///< null: not a separable filter of ours
  double support;
};

// In the order of Filter.
constexpr FilterRow kFilters[] = {
    {Filter::nearest, "nearest", nullptr, 0},
    {Filter::box, "box", box_weight, 0.5},
    {Filter::bilinear, "bilinear", triangle_weight, 1.0},
    {Filter::bicubic, "bicubic", cubic_weight, 2.0},
    {Filter::lanczos, "lanczos", lanczos_weight, 3.0},
    {Filter::cv_linear, "cv-linear", nullptr, 0},
};

const FilterRow& row(Filter filter) {
  return kFilters[static_cast<size_t>(filter)];
}

/// The taps of some outputs along one axis: output i sums inputs first[i] … first[i] + count[i] - 1.
struct Taps {
  std::vector<int> first;
  std::vector<int> count;
  std::vector<int32_t> weights;  ///< `stride` an output
  size_t stride = 0;
};

/// Taps of the outputs begin … begin + length - 1 when `in` pixels become `out`.
Taps make_taps(int in, int out, int begin, int length, const FilterRow& filter) {
  const double scale = static_cast<double>(in) / out;
  const double stretch = std::max(scale, 1.0);
  const double support = filter.support * stretch;
  const double inverse = 1.0 / stretch;
  Taps taps;
  taps.stride = static_cast<size_t>(std::ceil(support)) * 2 + 1;
  taps.weights.assign(taps.stride * static_cast<size_t>(length), 0);
  std::vector<double> exact(taps.stride);
  for (int i = 0; i < length; ++i) {
    const double center = (begin + i + 0.5) * scale;
    const int low = std::max(static_cast<int>(center - support + 0.5), 0);
    const int count = std::min(static_cast<int>(center + support + 0.5), in) - low;
    double sum = 0;
    for (int k = 0; k < count; ++k) {
      exact[static_cast<size_t>(k)] = filter.weight((k + low - center + 0.5) * inverse);
      sum += exact[static_cast<size_t>(k)];
    }
    int32_t* weights = &taps.weights[static_cast<size_t>(i) * taps.stride];
    for (int k = 0; k < count; ++k) {
      const double share = sum != 0.0 ? exact[static_cast<size_t>(k)] / sum : exact[static_cast<size_t>(k)];
      weights[k] = static_cast<int32_t>((share < 0 ? -0.5 : 0.5) + share * (1 << kPrecisionBits));
    }
    taps.first.push_back(low);
    taps.count.push_back(count);
  }
  return taps;
}

uint8_t to_byte(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> kPrecisionBits, 0, 255));
}

template <int Channels>
void horizontal_row(const uint8_t* in, uint8_t* out, const Taps& taps) {
  for (size_t i = 0; i < taps.first.size(); ++i) {
    const uint8_t* source = in + static_cast<size_t>(taps.first[i]) * Channels;
    const int32_t* weights = &taps.weights[i * taps.stride];
    int32_t sums[Channels];
    for (int32_t& sum : sums) sum = 1 << (kPrecisionBits - 1);
    for (int k = 0; k < taps.count[i]; ++k) {
      for (int c = 0; c < Channels; ++c) sums[c] += *source++ * weights[k];
    }
    for (int32_t sum : sums) *out++ = to_byte(sum);
  }
}

/// Rows top … bottom - 1 of `in`, filtered along x.
Picture horizontal(const Picture& in, const Taps& taps, int top, int bottom) {
  Picture out{static_cast<int>(taps.first.size()), bottom - top, in.channels, {}};
  const size_t in_row = static_cast<size_t>(in.width) * static_cast<size_t>(in.channels);
  const size_t out_row = taps.first.size() * static_cast<size_t>(in.channels);
  out.pixels.resize(out_row * static_cast<size_t>(out.height));
  const auto filter = in.channels == 1 ? horizontal_row<1> : in.channels == 3 ? horizontal_row<3> : horizontal_row<4>;
  for (int y = 0; y < out.height; ++y) {
    filter(&in.pixels[in_row * static_cast<size_t>(y + top)], &out.pixels[out_row * static_cast<size_t>(y)], taps);
  }
  return out;
}

/// `in` filtered along y; its first row is row `top` of what the taps count from.
Picture vertical(const Picture& in, const Taps& taps, int top) {
  const size_t row = static_cast<size_t>(in.width) * static_cast<size_t>(in.channels);
  Picture out{in.width, static_cast<int>(taps.first.size()), in.channels, {}};
  out.pixels.resize(row * taps.first.size());
  std::vector<int32_t> sums(row);
  for (size_t y = 0; y < taps.first.size(); ++y) {
    std::fill(sums.begin(), sums.end(), 1 << (kPrecisionBits - 1));
    for (int k = 0; k < taps.count[y]; ++k) {
      const uint8_t* source = &in.pixels[row * static_cast<size_t>(taps.first[y] - top + k)];
      const int32_t weight = taps.weights[y * taps.stride + static_cast<size_t>(k)];
      for (size_t x = 0; x < row; ++x) sums[x] += source[x] * weight;
    }
    std::transform(sums.begin(), sums.end(), &out.pixels[row * y], to_byte);
  }
  return out;
}

/// A copy of the window of `picture` at its own size.
Picture cut(const Picture& picture, const Window& window) {
  Picture out{window.width, window.height, picture.channels, {}};
  const auto channels = static_cast<size_t>(picture.channels);
  for (int y = 0; y < window.height; ++y) {
    const size_t at =
        (static_cast<size_t>(y + window.y) * static_cast<size_t>(picture.width) + static_cast<size_t>(window.x)) *
        channels;
    out.pixels.insert(out.pixels.end(), &picture.pixels[at],
                      &picture.pixels[at] + static_cast<size_t>(window.width) * channels);
  }
  return out;
}

/// The source index of each output; positions are summed up step by step, because Pillow does and rounding shows.
std::vector<int> nearest_indices(int in, int out, int begin, int length) {
  const double step = static_cast<double>(in) / out;
  std::vector<int> indices;
  double position = step * 0.5;
  for (int i = 0; i < begin + length; ++i, position += step) {
    if (i >= begin) indices.push_back(std::min(static_cast<int>(position), in - 1));
  }
  return indices;
}

Picture nearest(const Picture& in, int width, int height, const Window& window) {
  const std::vector<int> columns = nearest_indices(in.width, width, window.x, window.width);
  const std::vector<int> rows = nearest_indices(in.height, height, window.y, window.height);
  const auto channels = static_cast<size_t>(in.channels);
  Picture out{window.width, window.height, in.channels, {}};
  for (int y : rows) {
    for (int x : columns) {
      const size_t at = (static_cast<size_t>(y) * static_cast<size_t>(in.width) + static_cast<size_t>(x)) * channels;
      out.pixels.insert(out.pixels.end(), &in.pixels[at], &in.pixels[at] + channels);
    }
  }
  return out;
}

Picture cv_linear(const Picture& in, int width, int height) {
  Picture out{width, height, in.channels, {}};
  out.pixels.resize(static_cast<size_t>(width) * static_cast<size_t>(height) * static_cast<size_t>(in.channels));
  const cv::Mat source(in.height, in.width, CV_8UC(in.channels), const_cast<uint8_t*>(in.pixels.data()));
  cv::Mat target(height, width, CV_8UC(in.channels), out.pixels.data());
  cv::resize(source, target, target.size(), 0, 0, cv::INTER_LINEAR);
  return out;
}

/// Inputs begin … end - 1 are all that some taps touch.
struct Reach {
  int begin;
  int end;
};
Reach reach(const Taps& taps) {
  return {taps.first.front(), taps.first.back() + taps.count.back()};
}

/// The same taps, counted from `begin`.
Taps counted_from(Taps taps, int begin) {
  for (int& first : taps.first) first -= begin;
  return taps;
}

/// Whether rows are filtered before columns. The picture between is rounded, so the order shows in the bytes; this is
/// the choice that Pillow 13 makes (before it, columns always came first).
bool rows_first(const Picture& in, int width, int height) {
  return height < in.height && in.height - height > 2 * (in.width - width);
}

/// Each axis whose size stays is left alone, as Pillow does.
Picture separable(const Picture& in, int width, int height, const FilterRow& filter, const Window& window) {
  const bool scales_x = width != in.width;
  const bool scales_y = height != in.height;
  if (!scales_x && !scales_y) return cut(in, window);
  const Taps columns = make_taps(in.width, width, window.x, window.width, filter);
  const Taps rows = make_taps(in.height, height, window.y, window.height, filter);
  const Reach wide = scales_x ? reach(columns) : Reach{window.x, window.x + window.width};
  const Reach high = scales_y ? reach(rows) : Reach{window.y, window.y + window.height};
  if (!scales_x || (scales_y && rows_first(in, width, height))) {
    const Picture touched = cut(in, {wide.begin, high.begin, wide.end - wide.begin, high.end - high.begin});
    const Picture flat = vertical(touched, rows, high.begin);
    return scales_x ? horizontal(flat, counted_from(columns, wide.begin), 0, flat.height) : flat;
  }
  const Picture narrow = horizontal(in, columns, high.begin, high.end);
  return scales_y ? vertical(narrow, rows, high.begin) : narrow;
}

}  // namespace

const char* to_string(Filter filter) {
  return row(filter).name;
}

Result<Picture> resize_window(const Picture& picture, int width, int height, Filter filter, const Window& window) {
  QUERN_CHECK(check_picture(picture));
  if (window.x < 0 || window.y < 0 || window.width < 1 || window.height < 1 || window.x > width - window.width ||
      window.y > height - window.height) {
    return fail(ErrorCode::invalid_argument, "the window {}x{} at {},{} is not inside the resized picture of {}x{}",
                window.width, window.height, window.x, window.y, width, height);
  }
  QUERN_CHECK(check_extents(window.width, window.height, picture.channels));
  if (filter == Filter::nearest) return nearest(picture, width, height, window);
  if (filter == Filter::cv_linear)
    return fail(ErrorCode::invalid_argument, "cv-linear resizes whole pictures, not a window of one");
  return separable(picture, width, height, row(filter), window);
}

Result<Picture> resize_picture(const Picture& picture, int width, int height, Filter filter) {
  QUERN_CHECK(check_picture(picture));
  QUERN_CHECK(check_extents(width, height, picture.channels));
  if (width == picture.width && height == picture.height) return picture;
  if (filter == Filter::cv_linear) return cv_linear(picture, width, height);
  return resize_window(picture, width, height, filter, {0, 0, width, height});
}

}  // namespace quern
