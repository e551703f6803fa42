// Quantize from float32 to 8 bits by rule `float`.
#pragma once

#include <memory>

#include "kernels/gemm/microkernel.h"
#include "kernels/kernel.h"

namespace quern {

/// The kernel on an instruction set's code, or nullptr when the call is of another kind.
std::unique_ptr<Kernel> make_vector_quantize(const OpCall& call, StoreReal store);

}  // namespace quern
