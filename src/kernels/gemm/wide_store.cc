#include "kernels/gemm/wide_store.h"

#include <limits>

namespace quern {

namespace {

int64_t bias_at(const OpCall& call, int64_t channel) {
  if (!call.has_input(2)) return 0;
  const Operand& bias = call.inputs[2];
  return bias.dtype == DType::int64 ? bias.constant_as<int64_t>()[channel] : bias.constant_as<int32_t>()[channel];
}

std::vector<int32_t> narrow_bias(const OpCall& call, int64_t channels) {
  std::vector<int32_t> bias;
  for (int64_t c = 0; c < channels; ++c) bias.push_back(static_cast<int32_t>(bias_at(call, c)));
  return bias;
}

}  // namespace

WideStore::WideStore(const OpCall& call, const Clamp& clamp, int64_t channels, const WideStores& stores)
    : requantization_(product_requantization(call, clamp, channels)),
      bias_(narrow_bias(call, channels)),
      prepared_(requantization_, bias_),
      store_(is_16bit(call.outputs[0].dtype) ? stores.words : stores.bytes),
      output_(call.outputs[0].dtype) {
  const Rounding rounding = requantization_.rounding;
  if (rounding == Rounding::fixed_wide || rounding == Rounding::fixed_away) store_ = nullptr;
}

void WideStore::operator()(const TileOutput& tile) const {
  if (store_ == nullptr) return one_by_one(tile);
  store_(tile, prepared_.rule());
}

void WideStore::one_by_one(const TileOutput& tile) const {
  for (int r = 0; r < tile.rows; ++r) {
    const int32_t* sums = static_cast<const int32_t*>(tile.sums) + r * tile.sums_stride;
    for (int c = 0; c < tile.columns; ++c) {
      const int64_t channel = tile.channel + c;
      const int64_t sum = int64_t{sums[c]} + bias_[static_cast<size_t>(channel)];
      put_code(tile.out + r * tile.out_stride, c, output_, requantization_.store_wide(sum, channel));
    }
  }
}

bool is_narrow_wide_product(const OpCall& call, int64_t taps) {
  if (!is_wide(call) || !is_integer_product(call, 0, taps)) return false;
  const Operand& w = call.inputs[1];
  const StoredBounds range = stored_range(call.inputs[0].dtype);
  const int32_t z = zero_point_of(call.inputs[0]);
  constexpr int32_t kLow = std::numeric_limits<int16_t>::min(), kHigh = std::numeric_limits<int16_t>::max();
  if (!is_8bit(w.dtype) || range.low - z < kLow || range.high - z > kHigh) return false;
  const int64_t reach = std::max(z - range.low, range.high - z);
  for (int64_t c = 0; c < w.shape[0]; ++c) {
    int64_t weights = 0;
    for (int64_t k = 0; k < taps; ++k) {
      weights += std::abs(code_at(w.constant, c * taps + k, w.dtype) - zero_point_of(w, c));
    }
    if (weights * reach + std::abs(bias_at(call, c)) > std::numeric_limits<int32_t>::max()) return false;
  }
  return true;
}

}  // namespace quern
