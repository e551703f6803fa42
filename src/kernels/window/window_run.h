// Depthwise convolutions by whole runs: where the stride is 1, a line of the output is one run, however many
// channels a pixel has.
#pragma once

#include <memory>

#include "kernels/gemm/microkernel.h"
#include "kernels/kernel.h"

namespace quern {

/// The kernel on an instruction set's code; nullptr when the call is of another kind, or stored by a rule that the code
/// does not know.
std::unique_ptr<Kernel> make_window_run(const OpCall& call, RunWindows run);
/// The same of float32.
std::unique_ptr<Kernel> make_float_run(const OpCall& call, RunFloatWindows run);

}  // namespace quern
