// Depthwise convolutions of bytes of stride 1 whose channels are a multiple of sixteen: lines are interleaved by fours
// first, once for all columns of the window.
#pragma once

#include <memory>

#include "kernels/gemm/microkernel.h"
#include "kernels/kernel.h"

namespace quern {

/// The kernel on an instruction set's code; nullptr when the call is of another kind, or stored by a rule that the code
/// does not know.
std::unique_ptr<Kernel> make_quad_window(const OpCall& call, const QuadKernel& kernel);

}  // namespace quern
