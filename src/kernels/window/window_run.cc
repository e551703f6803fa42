#include "kernels/window/window_run.h"

#include <algorithm>
#include <numeric>

#include "base/aligned.h"
#include "kernels/gemm/store_rule.h"
#include "kernels/gemm/strip_kernel.h"
#include "kernels/window/depthwise_weights.h"

namespace quern {

namespace {

constexpr int64_t kNever =
    int64_t{1} << 40;             ///< a multiple that no depth is, so that lines are packed, with room behind
constexpr int64_t kQuad = 4;      ///< taps that are multiplied together
constexpr int64_t kQuarter = 16;  ///< lanes of a vector of sums

class WindowRunKernel final : public StripKernel {
 public:
  WindowRunKernel(const OpCall& call, const ProductGeometry& g, const Requantization& requantization, RunWindows run_windows)
      : StripKernel(g, {.form = RowForm::offset_uint8,
                        .source = call.inputs[0].dtype,
                        .zero_point = zero_point_of(call.inputs[0]),
                        .by_tap = true,
                        .read_multiple = kNever,
                        .tile_rows = 1,
                        .lists_windows = false}),
        run_(run_windows),
        whole_lines_(g.strides[1] == 1),
        taps_(segments()),
        requantization_(requantization) {
    while (taps_.size() % kQuad != 0) taps_.push_back(0);
    const int64_t channels = g.out_channels;
    // Where runs are lines, vectors and channels begin together again after their least common multiple.
    patterns_ = whole_lines_ ? channels / std::gcd(channels, kRunVector) : (channels + kRunVector - 1) / kRunVector;
    pack(call);
  }

 private:
  /// The channel of an element of a pattern's vector, in the order of the four vectors of sums; -1 where there is none.
  int64_t channel_of(int64_t pattern, int64_t quarter, int64_t lane) const {
    const int64_t element = pattern * kRunVector + lane / 4 * kQuarter + quarter * 4 + lane % 4;
    if (whole_lines_) return element % geometry().out_channels;
    return element < geometry().out_channels ? element : -1;
  }

  void pack(const OpCall& call) {
    const auto taps = static_cast<int64_t>(taps_.size());
    const int64_t tap_count = geometry().kernel[0] * geometry().kernel[1];
    const std::vector<int32_t> channel_bias = depthwise_bias(call, geometry().out_channels, tap_count, false);
    weights_.assign(static_cast<size_t>(patterns_ * taps * kRunVector), 0);
    bias_.assign(static_cast<size_t>(patterns_ * kRunVector), 0);
    scale_.assign(static_cast<size_t>(patterns_ * kRunVector), 0);
    for (int64_t i = 0; i < patterns_ * kRunVector; ++i) {
      const int64_t pattern = i / kRunVector, quarter = i % kRunVector / kQuarter, lane = i % kQuarter;
      const int64_t c = channel_of(pattern, quarter, lane);
      if (c < 0) continue;
      bias_[static_cast<size_t>(i)] = channel_bias[static_cast<size_t>(c)];
      scale_[static_cast<size_t>(i)] = requantization_.scale[static_cast<size_t>(c)];
      for (int64_t t = 0; t < tap_count; ++t) {
        const int64_t quad = pattern * taps / kQuad + t / kQuad;
        const int64_t at = (quad * kQuad + quarter) * kRunVector + lane * kQuad + t % kQuad;
        weights_[static_cast<size_t>(at)] = static_cast<int8_t>(depthwise_weight(call, c, t, tap_count, false));
      }
    }
  }

  void run_blocks(const Rows& rows, int64_t, int64_t, std::byte* output) const override {
    const auto& g = geometry();
    const int64_t line = g.out_width * g.out_channels;
    WindowRun lines{};
    lines.taps = taps_.data();
    lines.quads = static_cast<int64_t>(taps_.size()) / kQuad;
    lines.weights = reinterpret_cast<const std::byte*>(weights_.data());
    lines.bias = bias_.data();
    lines.scale = scale_.data();
    lines.patterns = patterns_;
    lines.zero_point = requantization_.zero_point;
    lines.low = requantization_.out_min;
    lines.high = requantization_.out_max;
    lines.runs = whole_lines_ ? 1 : g.out_width;
    lines.length = whole_lines_ ? line : g.out_channels;
    lines.pitch = g.strides[1] * g.in_channels;
    for (int64_t y = 0; y * g.out_width < rows.count; ++y) {
      lines.from = rows.first + y * rows.line_stride;
      lines.out = output + rows.first_position * g.out_channels + y * line;
      run_(lines);
    }
  }

  RunWindows run_;
  bool whole_lines_;
  std::vector<int64_t> taps_;
  Requantization requantization_;
  int64_t patterns_ = 1;  ///< vectors of weights until they repeat
  LineVector<int8_t> weights_;
  LineVector<int32_t> bias_;
  LineVector<float> scale_;
};

}  // namespace

std::unique_ptr<Kernel> make_window_run(const OpCall& call, RunWindows run) {
  const auto geometry = depthwise_geometry(call);
  if (!geometry || !is_byte_product(call, geometry->kernel[0] * geometry->kernel[1])) return nullptr;
  if (!weights_fit_bytes(call.inputs[1], geometry->out_channels)) return nullptr;
  const Requantization requantization =
      product_requantization(call, call.as<ConvAttrs>().clamp, geometry->out_channels);
  const auto shrinks = [](float scale) { return scale < 1.0f; };
  if (requantization.rounding != Rounding::float_even || !std::ranges::all_of(requantization.scale, shrinks)) {
    return nullptr;
  }
  return std::make_unique<WindowRunKernel>(call, *geometry, requantization, run);
}

}  // namespace quern
