#include "kernels/window/window_run.h"

#include <algorithm>
#include <numeric>

#include "kernels/window/run_weights.h"

namespace quern {

namespace {

constexpr int64_t kQuad = 4;  ///< taps that are multiplied together

int64_t ceil_div(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}

class WindowRunKernel final : public Kernel {
 public:
  WindowRunKernel(const OpCall& call, const ProductGeometry& g, RunWeights weights, RunWindows run_windows)
      : g_(g),
        run_(run_windows),
        is_signed_(call.inputs[0].dtype == DType::int8),
        taps_(static_cast<int64_t>(tap_order(g).size())),
        weights_(std::move(weights)) {
    const int32_t zero = zero_point_of(call.inputs[0]);
    padding_.assign(static_cast<size_t>(g.in_width * g.in_channels + kRunVector), static_cast<std::byte>(zero));
    // The columns whose windows lie within the input.
    const int64_t reach = (g.kernel[1] - 1) * g.dilations[1];
    const int64_t end = g.in_width + g.pad_left - reach;
    first_inside_ = std::min(ceil_div(g.pad_left, g.strides[1]), g.out_width);
    last_inside_ = std::clamp(end <= 0 ? 0 : ceil_div(end, g.strides[1]), first_inside_, g.out_width);
  }

  /// The taps in their order, up to whole quads.
  static TapOrder tap_order(const ProductGeometry& g) {
    TapOrder taps(static_cast<size_t>(g.kernel[0] * g.kernel[1]));
    std::iota(taps.begin(), taps.end(), 0);
    while (taps.size() % kQuad != 0) taps.push_back(-1);
    return taps;
  }
  static bool whole_lines(const ProductGeometry& g) { return g.strides[1] == 1; }

  void run(const Buffers& buffers, ThreadPool& pool) const override {
    const auto* input = buffers.in<std::byte>(0);
    auto* output = buffers.out<std::byte>(0);
    pool.parallel_for(g_.batch * g_.out_height, 1, [&](int64_t begin, int64_t end) {
      std::vector<const std::byte*> taps(static_cast<size_t>(taps_));
      for (int64_t line = begin; line < end; ++line) {
        const std::byte* image = input + line / g_.out_height * g_.in_height * g_.in_width * g_.in_channels;
        run_line(image, line % g_.out_height, output + line * g_.out_width * g_.out_channels, taps.data());
      }
    });
  }

 private:
  /// Where the taps of the window at a position are; those outside the input are in the padding.
  void find_taps(const std::byte* image, int64_t y, int64_t x, const std::byte** taps) const {
    int64_t t = 0;
    for (int64_t ky = 0; ky < g_.kernel[0]; ++ky) {
      const int64_t in_y = y * g_.strides[0] - g_.pad_top + ky * g_.dilations[0];
      const bool line_outside = in_y < 0 || in_y >= g_.in_height;
      for (int64_t kx = 0; kx < g_.kernel[1]; ++kx) {
        const int64_t in_x = x * g_.strides[1] - g_.pad_left + kx * g_.dilations[1];
        const bool outside = line_outside || in_x < 0 || in_x >= g_.in_width;
        taps[t++] = outside ? padding_.data() : image + (in_y * g_.in_width + in_x) * g_.in_channels;
      }
    }
    while (t < taps_) taps[t++] = taps[0];
  }

  void run_line(const std::byte* image, int64_t y, std::byte* out, const std::byte** taps) const {
    const int64_t channels = g_.out_channels;
    WindowRun run = prepared(taps);
    const auto edge = [&](int64_t first, int64_t last) {
      run.runs = 1;
      run.length = channels;
      for (int64_t x = first; x < last; ++x) {
        find_taps(image, y, x, taps);
        run.out = out + x * channels;
        run_(run);
      }
    };
    edge(0, first_inside_);
    if (first_inside_ < last_inside_) {
      find_taps(image, y, first_inside_, taps);
      const int64_t inside = last_inside_ - first_inside_;
      run.runs = whole_lines(g_) ? 1 : inside;
      run.length = whole_lines(g_) ? inside * channels : channels;
      run.out = out + first_inside_ * channels;
      run_(run);
    }
    edge(last_inside_, g_.out_width);
  }

  WindowRun prepared(const std::byte* const* taps) const {
    WindowRun run{};
    run.taps = taps;
    run.quads = taps_ / kQuad;
    run.pitch = g_.strides[1] * g_.in_channels;
    run.is_signed = is_signed_;
    run.weights = reinterpret_cast<const std::byte*>(weights_.weights.data());
    run.bias = weights_.bias.data();
    run.scale = weights_.scale.data();
    run.patterns = weights_.patterns;
    run.zero_point = weights_.zero_point;
    run.low = weights_.low;
    run.high = weights_.high;
    return run;
  }

  ProductGeometry g_;
  RunWindows run_;
  bool is_signed_;
  int64_t taps_;  ///< rounded up to whole quads
  RunWeights weights_;
  int64_t first_inside_ = 0, last_inside_ = 0;
  std::vector<std::byte> padding_;  ///< a line of the input's zero point
};

}  // namespace

std::unique_ptr<Kernel> make_window_run(const OpCall& call, RunWindows run) {
  const auto geometry = depthwise_geometry(call);
  if (!geometry) return nullptr;
  auto weights =
      run_weights(call, *geometry, WindowRunKernel::tap_order(*geometry), WindowRunKernel::whole_lines(*geometry));
  if (!weights) return nullptr;
  return std::make_unique<WindowRunKernel>(call, *geometry, *std::move(weights), run);
}

}  // namespace quern
