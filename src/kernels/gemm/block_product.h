// Convolutions and fully connected operators of bytes on instruction sets with tiles: rows lie side by side at a
// constant distance (the input itself, where it does already) and meet panels of kBlockColumns output channels.
#pragma once

#include <memory>

#include "kernels/gemm/microkernel.h"
#include "kernels/kernel.h"

namespace quern {

/// The kernel on an instruction set's code, or nullptr when the call is of another kind.
std::unique_ptr<Kernel> make_block_product(const OpCall& call, const BlockKernel& kernel, StoreInteger store);

}  // namespace quern
