#include "kernels/window/window_run.h"

#include <algorithm>
#include <numeric>

#include "base/aligned.h"
#include "kernels/gemm/geometry.h"
#include "kernels/gemm/store_rule.h"
#include "kernels/window/depthwise_weights.h"

namespace quern {

namespace {

constexpr int64_t kQuad = 4;      ///< taps that are multiplied together
constexpr int64_t kQuarter = 16;  ///< lanes of a vector of sums

int64_t ceil_div(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}

class WindowRunKernel final : public Kernel {
 public:
  WindowRunKernel(const OpCall& call, const ProductGeometry& g, Requantization requantization, RunWindows run_windows)
      : g_(g),
        run_(run_windows),
        is_signed_(call.inputs[0].dtype == DType::int8),
        whole_lines_(g.strides[1] == 1),
        taps_(ceil_div(g.kernel[0] * g.kernel[1], kQuad) * kQuad),
        requantization_(std::move(requantization)) {
    // Where runs are lines, vectors and channels begin together again after their least common multiple.
    patterns_ = whole_lines_ ? g.out_channels / std::gcd(g.out_channels, int64_t{kRunVector})
                             : ceil_div(g.out_channels, kRunVector);
    const int32_t zero = zero_point_of(call.inputs[0]);
    padding_.assign(static_cast<size_t>(g.in_width * g.in_channels + kRunVector), static_cast<std::byte>(zero));
    // The columns whose windows lie within the input.
    const int64_t reach = (g.kernel[1] - 1) * g.dilations[1];
    const int64_t end = g.in_width + g.pad_left - reach;
    first_inside_ = std::min(ceil_div(g.pad_left, g.strides[1]), g.out_width);
    last_inside_ = std::clamp(end <= 0 ? 0 : ceil_div(end, g.strides[1]), first_inside_, g.out_width);
    pack(call);
  }

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
  /// The channel of an element of a pattern's vector, in the order of the four vectors of sums; -1 where there is none.
  int64_t channel_of(int64_t pattern, int64_t quarter, int64_t lane) const {
    const int64_t element = pattern * kRunVector + lane / 4 * kQuarter + quarter * 4 + lane % 4;
    if (whole_lines_) return element % g_.out_channels;
    return element < g_.out_channels ? element : -1;
  }

  void pack(const OpCall& call) {
    const int64_t tap_count = g_.kernel[0] * g_.kernel[1];
    const std::vector<int32_t> channel_bias = depthwise_bias(call, g_.out_channels, tap_count, false);
    weights_.assign(static_cast<size_t>(patterns_ * taps_ * kRunVector), 0);
    bias_.assign(static_cast<size_t>(patterns_ * kRunVector), 0);
    scale_.assign(static_cast<size_t>(patterns_ * kRunVector), 0);
    for (int64_t i = 0; i < patterns_ * kRunVector; ++i) {
      const int64_t pattern = i / kRunVector, quarter = i % kRunVector / kQuarter, lane = i % kQuarter;
      const int64_t c = channel_of(pattern, quarter, lane);
      if (c < 0) continue;
      bias_[static_cast<size_t>(i)] = channel_bias[static_cast<size_t>(c)];
      scale_[static_cast<size_t>(i)] = requantization_.scale[static_cast<size_t>(c)];
      for (int64_t t = 0; t < tap_count; ++t) {
        const int64_t quad = pattern * taps_ / kQuad + t / kQuad;
        const int64_t at = (quad * kQuad + quarter) * kRunVector + lane * kQuad + t % kQuad;
        weights_[static_cast<size_t>(at)] = static_cast<int8_t>(depthwise_weight(call, c, t, tap_count, false));
      }
    }
  }

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
      run.runs = whole_lines_ ? 1 : inside;
      run.length = whole_lines_ ? inside * channels : channels;
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
    run.weights = reinterpret_cast<const std::byte*>(weights_.data());
    run.bias = bias_.data();
    run.scale = scale_.data();
    run.patterns = patterns_;
    run.zero_point = requantization_.zero_point;
    run.low = requantization_.out_min;
    run.high = requantization_.out_max;
    return run;
  }

  ProductGeometry g_;
  RunWindows run_;
  bool is_signed_;
  bool whole_lines_;
  int64_t taps_;  ///< rounded up to whole quads
  Requantization requantization_;
  int64_t patterns_ = 1;  ///< vectors of weights until they repeat
  int64_t first_inside_ = 0, last_inside_ = 0;
  std::vector<std::byte> padding_;  ///< a line of the input's zero point
  LineVector<int8_t> weights_;
  LineVector<int32_t> bias_;
  LineVector<float> scale_;
};

}  // namespace

std::unique_ptr<Kernel> make_window_run(const OpCall& call, RunWindows run) {
  const auto geometry = depthwise_geometry(call);
  if (!geometry || !is_byte_product(call, geometry->kernel[0] * geometry->kernel[1])) return nullptr;
  if (!weights_fit_bytes(call.inputs[1], geometry->out_channels)) return nullptr;
  Requantization requantization = product_requantization(call, call.as<ConvAttrs>().clamp, geometry->out_channels);
  const auto shrinks = [](float scale) { return scale < 1.0f; };
  if (requantization.rounding != Rounding::float_even || !std::ranges::all_of(requantization.scale, shrinks)) {
    return nullptr;
  }
  return std::make_unique<WindowRunKernel>(call, *geometry, std::move(requantization), run);
}

}  // namespace quern
