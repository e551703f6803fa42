#include "measure/calibrate/adapt.h"

#include <algorithm>

#include "base/error.h"
#include "quantize/round.h"
#include "quantize/weights.h"

namespace quern {

namespace {

constexpr double kLeastShrink = 0.05;

/// Second moments of a block's stored inputs, made safe for what was not seen.
RoundBlock steadied(const MomentBlock& block, const AdaptGround& ground) {
  const TapMoments& moments = ground.moments;
  const size_t n = block.taps.size();
  const size_t channels = ground.divided_by.size();
  const double shrink = std::max(kLeastShrink, static_cast<double>(n) / (static_cast<double>(n) + moments.count));
  std::vector<double> factor(n, 1);
  for (size_t i = 0; i < n && channels > 0; ++i)
    factor[i] = 1 / double{ground.divided_by[static_cast<size_t>(block.taps[i]) % channels]};
  std::vector<double> off(n, 0);
  for (size_t i = 0; i < n && !ground.taken_off.empty(); ++i)
    off[i] = ground.taken_off[static_cast<size_t>(block.taps[i]) % ground.taken_off.size()] / factor[i];
  const auto mean = [&](size_t i) { return moments.sum[static_cast<size_t>(block.taps[i])] / moments.count; };
  RoundBlock steady;
  steady.with.resize(n * n);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      double both = block.products[i * n + j] / moments.count;
      if (ground.bias_takes_mean) both -= mean(i) * mean(j);
      // E[(x - c)(y - d)]; what is taken off was divided before.
      if (!ground.bias_takes_mean) both += off[i] * off[j] - off[i] * mean(j) - off[j] * mean(i);
      both *= factor[i] * factor[j] * (i == j ? 1 : 1 - shrink);
      steady.with[i * n + j] = i == j ? std::max(both, 0.0) + ground.input_noise : both;
    }
  }
  return steady;
}

}  // namespace

Result<Tensor> adapt_weights(const Tensor& weights, const std::vector<float>& scales, const AdaptGround& ground) {
  QUERN_TRY(Tensor stored, quantize_weights(weights, scales));
  const auto own = static_cast<size_t>(weights.shape().back());
  const auto outs = static_cast<size_t>(weights.shape()[0]);
  const size_t each = outs == 0 ? 0 : static_cast<size_t>(weights.size()) / outs;
  const size_t windows = each / std::max<size_t>(own, 1);
  const size_t channels = windows == 0 ? 0 : ground.moments.sum.size() / windows;
  const size_t groups = own == 0 ? 0 : channels / own;
  auto codes = stored.mutable_data<int8_t>();
  std::vector<std::vector<RoundBlock>> of_group(groups);
  for (const MomentBlock& block : ground.moments.blocks) {
    if (block.products.empty()) continue;
    RoundBlock steady = steadied(block, ground);
    for (int32_t tap : block.taps) {
      const auto at = static_cast<size_t>(tap);
      steady.taps.push_back(at / channels * own + at % channels % own);
    }
    of_group[static_cast<size_t>(block.taps[0]) % channels / own].push_back(std::move(steady));
  }
  for (size_t o = 0; o < outs; ++o) {
    const auto row = weights.data<float>().subspan(o * each, each);
    const std::vector<float> made = rounded_row(row, scales[o], of_group[o / (outs / groups)]);
    for (size_t i = 0; i < each; ++i) codes[o * each + i] = static_cast<int8_t>(made[i]);
  }
  return stored;
}

}  // namespace quern
