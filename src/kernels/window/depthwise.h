// Depthwise convolutions: every channel has its own window, so vectors run along the channels.
#pragma once

#include <memory>

#include "kernels/gemm/wide_store.h"

namespace quern {

/// The kernel on an instruction set's code, or nullptr when the call is of another kind.
std::unique_ptr<Kernel> make_integer_depthwise(const OpCall& call, const WindowKernel& kernel, StoreInteger store);
std::unique_ptr<Kernel> make_wide_depthwise(const OpCall& call, const WindowKernel& kernel, const WideStores& stores);

}  // namespace quern
