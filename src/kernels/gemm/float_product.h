// Conv, FullyConnected and MatMul by a constant matrix, in float32, as an implicit matrix product.
#pragma once

#include <memory>

#include "kernels/gemm/microkernel.h"
#include "kernels/kernel.h"

namespace quern {

/// The kernel on an instruction set's code, or nullptr when the call is of another kind.
std::unique_ptr<Kernel> make_float_product(const OpCall& call, const ProductKernel& kernel);

}  // namespace quern
