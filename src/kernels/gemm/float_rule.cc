#include "kernels/gemm/float_rule.h"

#include <algorithm>

#include "base/checked.h"
#include "kernels/reference_kernel.h"

namespace quern {

PreparedFloat::PreparedFloat(const OpCall& call, const Clamp& clamp, int64_t channels)
    : bias_(static_cast<size_t>(round_up(channels, kChannelPadding)), 0.0f), clamp_(clamp) {
  if (!call.has_input(2)) return;
  std::copy_n(call.inputs[2].constant_as<float>(), channels, bias_.begin());
}

bool is_float_call(const OpCall& call) {
  return plain(call) && all_of_type(call, DType::float32);
}

}  // namespace quern
