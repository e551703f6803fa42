// Requantization and bias in the padded arrays that vector code reads.
#pragma once

#include <vector>

#include "kernels/gemm/microkernel.h"
#include "kernels/requantize.h"

namespace quern {

/// Owns what a StoreRule points to.
class PreparedStore {
 public:
  /// `bias` has one entry a channel.
  PreparedStore(Requantization requantization, std::vector<int32_t> bias);

  StoreRule rule() const;

 private:
  Requantization requantization_;
  std::vector<int32_t> bias_;
  bool shrinks_ = false;
};

/// The same factor (or none, for real sums) for kUniformChannels channels, without bias: operators that know no
/// channels store their values in tiles of one row.
inline constexpr int kUniformChannels = 512;
PreparedStore uniform_store(const Requantization& requantization);

/// The bias input's values, or zeros.
std::vector<int32_t> integer_bias(const OpCall& call, int64_t channels);
/// is_integer_product by the output channel, with nothing of 16 bits.
bool is_byte_product(const OpCall& call, int64_t taps);

}  // namespace quern
