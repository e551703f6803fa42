#include "kernels/window/window_run.h"

#include <numeric>

#include "kernels/gemm/float_rule.h"
#include "kernels/window/run_weights.h"
#include "kernels/window/window_lines.h"

namespace quern {

namespace {

constexpr size_t kQuad = 4;  ///< taps that are multiplied together

/// The taps in their order, up to whole quads.
TapOrder tap_order(const ProductGeometry& g) {
  TapOrder taps(static_cast<size_t>(g.kernel[0] * g.kernel[1]));
  std::iota(taps.begin(), taps.end(), 0);
  while (taps.size() % kQuad != 0) taps.push_back(-1);
  return taps;
}

class ByteRuns final : public WindowLines {
 public:
  ByteRuns(const OpCall& call, const ProductGeometry& g, RunWeights weights, RunWindows code)
      : WindowLines(g, {static_cast<std::byte>(zero_point_of(call.inputs[0]))}),
        code_(code),
        is_signed_(call.inputs[0].dtype == DType::int8),
        quads_(static_cast<int64_t>(tap_order(g).size() / kQuad)),
        weights_(std::move(weights)) {}

 private:
  void run_windows(const Runs& runs) const override {
    code_({runs.taps, quads_, runs.pitch, runs.runs, runs.length, is_signed_, weights_.patterns,
           reinterpret_cast<const std::byte*>(weights_.weights.data()), weights_.bias.data(), weights_.scale.data(),
           weights_.zero_point, weights_.low, weights_.high, runs.out});
  }

  RunWindows code_;
  bool is_signed_;
  int64_t quads_;
  RunWeights weights_;
};

class FloatRuns final : public WindowLines {
 public:
  FloatRuns(const OpCall& call, const ProductGeometry& g, RunFloatWindows code)
      : WindowLines(g, std::vector<std::byte>(sizeof(float), std::byte{0})),
        code_(code),
        clamp_(call.as<ConvAttrs>().clamp),
        taps_(g.kernel[0] * g.kernel[1]) {
    const int64_t channels = g.out_channels;
    period_ = runs_are_lines(g) ? std::lcm(channels, int64_t{kFloatRunVector})
                                : (channels + kFloatRunVector - 1) / kFloatRunVector * kFloatRunVector;
    const auto* weights = call.inputs[1].constant_as<float>();
    const auto* bias = call.has_input(2) ? call.inputs[2].constant_as<float>() : nullptr;
    for (int64_t first = 0; first < period_; first += kFloatRunVector) {
      for (int64_t t = 0; t <= taps_; ++t) {  // the bias stands before the taps
        for (int64_t i = first; i < first + kFloatRunVector; ++i) {
          const bool there = i < channels || runs_are_lines(g);
          const int64_t c = i % channels;
          const float value = t > 0 ? weights[c * taps_ + t - 1] : bias != nullptr ? bias[c] : 0.0f;
          weights_.push_back(there ? value : 0.0f);
        }
      }
    }
  }

 private:
  void run_windows(const Runs& runs) const override {
    code_({runs.taps, taps_, runs.pitch, runs.runs, runs.length, period_ / kFloatRunVector, weights_.data(), clamp_.low,
           clamp_.high, reinterpret_cast<float*>(runs.out)});
  }

  RunFloatWindows code_;
  Clamp clamp_;
  int64_t taps_;
  int64_t period_ = 0;  ///< elements until weights repeat
  LineVector<float> weights_;
};

}  // namespace

std::unique_ptr<Kernel> make_window_run(const OpCall& call, RunWindows run) {
  const auto geometry = depthwise_geometry(call);
  if (!geometry) return nullptr;
  auto weights = run_weights(call, *geometry, tap_order(*geometry), runs_are_lines(*geometry));
  if (!weights) return nullptr;
  return std::make_unique<ByteRuns>(call, *geometry, *std::move(weights), run);
}

std::unique_ptr<Kernel> make_float_run(const OpCall& call, RunFloatWindows run) {
  const auto geometry = depthwise_geometry(call);
  if (!geometry || !is_float_call(call)) return nullptr;
  return std::make_unique<FloatRuns>(call, *geometry, run);
}

}  // namespace quern
