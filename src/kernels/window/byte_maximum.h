// MaxPool of 8-bit values, with vectors along the channels.
#pragma once

#include <memory>

#include "kernels/gemm/microkernel.h"
#include "kernels/kernel.h"

namespace quern {

/// The kernel on an instruction set's code, or nullptr when the call is of another kind.
std::unique_ptr<Kernel> make_byte_maximum(const OpCall& call, MaximumOfBytes maximum);

}  // namespace quern
