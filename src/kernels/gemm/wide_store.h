// From int32 sums to the outputs of products with 16-bit operands, whose sums a bound proves to stay in int32.
#pragma once

#include "kernels/gemm/store_rule.h"

namespace quern {

/// An instruction set's way of writing tiles as 8-bit (or float32) and as 16-bit values.
struct WideStores {
  StoreInteger bytes;
  StoreInteger words;
};

/// Adds the bias and stores by the rule: roundings of 32-bit sums by the instruction set's code, those of 64-bit sums
/// one by one.
class WideStore {
 public:
  WideStore(const OpCall& call, const Clamp& clamp, int64_t channels, const WideStores& stores);

  void operator()(const TileOutput& tile) const;

 private:
  void one_by_one(const TileOutput& tile) const;

  Requantization requantization_;
  std::vector<int32_t> bias_;
  PreparedStore prepared_;
  StoreInteger store_;  ///< nullptr: one by one
  DType output_;
};

/// is_integer_product by the output channel with 16-bit input or output, whose values less their zero points fit 16
/// bits, and whose sums (of `taps` products a channel, bias included) fit 32 whatever the input is. Weights and bias
/// have to be known.
bool is_narrow_wide_product(const OpCall& call, int64_t taps);

}  // namespace quern
