// Add, Sub and Mul of 8-bit values, with the instruction set's code for the way back to 8 bits.
#pragma once

#include <memory>

#include "kernels/gemm/microkernel.h"
#include "kernels/kernel.h"

namespace quern {

/// The kernel on an instruction set's code, or nullptr when the call is of another kind.
std::unique_ptr<Kernel> make_stored_binary(const OpCall& call, StoreInteger store_integer, StoreReal store_real);

}  // namespace quern
