#include "kernels/window/window_lines.h"

#include <algorithm>

#include "base/checked.h"

namespace quern {

namespace {

constexpr int64_t kQuad = 4;
constexpr int64_t kSlack = 64;  ///< elements behind a line of padding, which the last vector of a run may read

std::vector<const std::byte*>& scratch(int64_t taps) {
  static thread_local std::vector<const std::byte*> instance;
  instance.resize(std::max(instance.size(), static_cast<size_t>(taps)));
  return instance;
}

}  // namespace

WindowLines::WindowLines(const ProductGeometry& geometry, const std::vector<std::byte>& zero)
    : g_(geometry), bytes_(static_cast<int64_t>(zero.size())) {
  for (int64_t i = 0; i < g_.in_width * g_.in_channels + kSlack; ++i) {
    padding_.insert(padding_.end(), zero.begin(), zero.end());
  }
  // The columns whose windows lie within the input.
  const int64_t reach = (g_.kernel[1] - 1) * g_.dilations[1];
  const int64_t end = g_.in_width + g_.pad_left - reach;
  first_inside_ = std::min(ceil_div(g_.pad_left, g_.strides[1]), g_.out_width);
  last_inside_ = std::clamp(end <= 0 ? 0 : ceil_div(end, g_.strides[1]), first_inside_, g_.out_width);
}

void WindowLines::run(const Buffers& buffers, ThreadPool& pool) const {
  const auto* input = buffers.in<std::byte>(0);
  auto* output = buffers.out<std::byte>(0);
  const int64_t taps = ceil_div(g_.kernel[0] * g_.kernel[1], kQuad) * kQuad;
  pool.parallel_for(g_.batch * g_.out_height, 1, [&](int64_t begin, int64_t end) {
    const std::byte** found = scratch(taps).data();
    for (int64_t line = begin; line < end; ++line) {
      const std::byte* image = input + line / g_.out_height * g_.in_height * g_.in_width * g_.in_channels * bytes_;
      run_line(image, line % g_.out_height, output + line * g_.out_width * g_.out_channels * bytes_, found);
    }
  });
}

/// Where the taps of the window at a position are; those outside the input are in the padding.
void WindowLines::find_taps(const std::byte* image, int64_t y, int64_t x, const std::byte** taps) const {
  int64_t t = 0;
  for (int64_t ky = 0; ky < g_.kernel[0]; ++ky) {
    const int64_t in_y = y * g_.strides[0] - g_.pad_top + ky * g_.dilations[0];
    const bool line_outside = in_y < 0 || in_y >= g_.in_height;
    for (int64_t kx = 0; kx < g_.kernel[1]; ++kx) {
      const int64_t in_x = x * g_.strides[1] - g_.pad_left + kx * g_.dilations[1];
      const bool outside = line_outside || in_x < 0 || in_x >= g_.in_width;
      taps[t++] = outside ? padding_.data() : image + (in_y * g_.in_width + in_x) * g_.in_channels * bytes_;
    }
  }
  while (t % kQuad != 0) taps[t++] = taps[0];
}

void WindowLines::run_line(const std::byte* image, int64_t y, std::byte* out, const std::byte** taps) const {
  const int64_t pixel = g_.out_channels * bytes_;
  const int64_t pitch = g_.strides[1] * g_.in_channels * bytes_;
  const auto edge = [&](int64_t first, int64_t last) {
    for (int64_t x = first; x < last; ++x) {
      find_taps(image, y, x, taps);
      run_windows({taps, pitch, 1, g_.out_channels, out + x * pixel});
    }
  };
  edge(0, first_inside_);
  if (first_inside_ < last_inside_) {
    find_taps(image, y, first_inside_, taps);
    const int64_t inside = last_inside_ - first_inside_;
    const bool line = runs_are_lines(g_);
    run_windows({taps, pitch, line ? 1 : inside, line ? inside * g_.out_channels : g_.out_channels,
                 out + first_inside_ * pixel});
  }
  edge(last_inside_, g_.out_width);
}

}  // namespace quern
