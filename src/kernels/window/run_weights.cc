#include "kernels/window/run_weights.h"

#include <numeric>

#include "kernels/gemm/microkernel.h"
#include "kernels/gemm/offset_weights.h"
#include "kernels/gemm/store_rule.h"
#include "kernels/window/depthwise_weights.h"

namespace quern {

namespace {

constexpr int64_t kQuarter = 16;  ///< lanes of a vector of sums

/// The element that a lane of a vector of sums has among a pattern's sixty-four.
int64_t element_of(int64_t quarter, int64_t lane) {
  return lane / 4 * kQuarter + quarter * 4 + lane % 4;
}

void pack(const OpCall& call, const ProductGeometry& g, const Requantization& r, const TapOrder& taps, bool whole_lines,
          RunWeights& to) {
  const auto places = static_cast<int64_t>(taps.size());
  const int64_t tap_count = g.kernel[0] * g.kernel[1];
  const std::vector<int32_t> bias = depthwise_bias(call, g.out_channels, tap_count, false);
  for (int64_t i = 0; i < to.patterns * kRunVector; ++i) {
    const int64_t pattern = i / kRunVector, quarter = i % kRunVector / kQuarter, lane = i % kQuarter;
    int64_t c = pattern * kRunVector + element_of(quarter, lane);
    if (whole_lines) c %= g.out_channels;
    if (c >= g.out_channels) continue;
    to.bias[static_cast<size_t>(i)] = bias[static_cast<size_t>(c)];
    to.scale[static_cast<size_t>(i)] = r.scale[static_cast<size_t>(c)];
    for (int64_t place = 0; place < places; ++place) {
      const int64_t tap = taps[static_cast<size_t>(place)];
      if (tap < 0) continue;
      const int64_t at = ((pattern * places / 4 + place / 4) * 4 + quarter) * kRunVector + lane * 4 + place % 4;
      to.weights[static_cast<size_t>(at)] = static_cast<int8_t>(depthwise_weight(call, c, tap, tap_count, false));
    }
  }
}

}  // namespace

std::optional<RunWeights> run_weights(const OpCall& call, const ProductGeometry& g, const TapOrder& taps,
                                      bool whole_lines) {
  if (!is_byte_product(call, g.kernel[0] * g.kernel[1]) || !weights_fit_bytes(call.inputs[1], g.out_channels)) {
    return std::nullopt;
  }
  const Requantization r = product_requantization(call, call.as<ConvAttrs>().clamp, g.out_channels);
  if (r.rounding != Rounding::float_even || !r.shrinks()) return std::nullopt;
  RunWeights made;
  // Over whole lines, vectors and channels begin together again after their least common multiple.
  made.patterns = whole_lines ? g.out_channels / std::gcd(g.out_channels, int64_t{kRunVector})
                              : (g.out_channels + kRunVector - 1) / kRunVector;
  const auto elements = static_cast<size_t>(made.patterns * kRunVector);
  made.weights.assign(elements * taps.size(), 0);
  made.bias.assign(elements, 0);
  made.scale.assign(elements, 0);
  made.zero_point = r.zero_point;
  made.low = r.out_min;
  made.high = r.out_max;
  pack(call, g, r, taps, whole_lines, made);
  return made;
}

}  // namespace quern
