// Conv and FullyConnected with 16-bit inputs or outputs as an implicit matrix product.
#pragma once

#include <memory>

#include "kernels/gemm/wide_store.h"

namespace quern {

/// The kernel on an instruction set's code (of the form centred_int16), or nullptr when the call is of another kind.
std::unique_ptr<Kernel> make_wide_product(const OpCall& call, const ProductKernel& kernel, const WideStores& stores);

}  // namespace quern
