#include "kernels/gemm/store_rule.h"

#include <utility>

#include "base/checked.h"

namespace quern {

namespace {

template <typename T>
void pad(std::vector<T>& values) {
  values.resize(static_cast<size_t>(round_up(static_cast<int64_t>(values.size()), kChannelPadding)));
}

}  // namespace

PreparedStore::PreparedStore(Requantization requantization, std::vector<int32_t> bias)
    : requantization_(std::move(requantization)), bias_(std::move(bias)) {
  shrinks_ = requantization_.shrinks();  // before the scales are padded
  pad(bias_);
  pad(requantization_.scale);
  pad(requantization_.multiplier);
  pad(requantization_.shift);
}

StoreRule PreparedStore::rule() const {
  static_assert(static_cast<int>(Rounding::float_even) == 0 && static_cast<int>(Rounding::fixed_double) == 1 &&
                static_cast<int>(Rounding::fixed_single) == 2 && static_cast<int>(Rounding::real) == 3);
  const Requantization& r = requantization_;
  return {static_cast<int>(r.rounding),
          bias_.data(),
          r.scale.data(),
          r.multiplier.data(),
          r.shift.data(),
          r.zero_point,
          r.out_min,
          r.out_max,
          r.clamp.low,
          r.clamp.high,
          shrinks_};
}

PreparedStore uniform_store(const Requantization& requantization) {
  Requantization repeated = requantization;
  const auto repeat = [](auto& values) {
    if (!values.empty()) values.assign(kUniformChannels, values[0]);
  };
  repeat(repeated.scale);
  repeat(repeated.multiplier);
  repeat(repeated.shift);
  return {std::move(repeated), std::vector<int32_t>(kUniformChannels, 0)};
}

std::vector<int32_t> integer_bias(const OpCall& call, int64_t channels) {
  if (!call.has_input(2)) return std::vector<int32_t>(static_cast<size_t>(channels), 0);
  const auto* values = call.inputs[2].constant_as<int32_t>();
  return {values, values + channels};
}

bool is_byte_product(const OpCall& call, int64_t taps) {
  return is_integer_product(call, 0, taps) && !is_wide(call);
}

}  // namespace quern
