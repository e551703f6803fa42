// Bias and bounds of float results in the padded arrays that vector code reads.
#pragma once

#include <vector>

#include "kernels/gemm/microkernel.h"
#include "kernels/kernel.h"

namespace quern {

/// Owns what a FloatRule points to.
class PreparedFloat {
 public:
  /// The bias is input 2, where the call has one.
  PreparedFloat(const OpCall& call, const Clamp& clamp, int64_t channels);

  FloatRule rule() const { return {bias_.data(), clamp_.low, clamp_.high}; }

 private:
  std::vector<float> bias_;
  Clamp clamp_;
};

/// Every operand is float32 and none is quantized.
bool is_float_call(const OpCall& call);

}  // namespace quern
