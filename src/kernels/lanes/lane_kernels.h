// Kernels of operators whose elements all do the same, over an instruction set's lanes.
#pragma once

#include <memory>

#include "kernels/kernel.h"
#include "kernels/lanes/lanes.h"

namespace quern {

// Each is nullptr when the call is of another kind.

/// Add, Sub and Mul of 8-bit values by the rule `float`.
std::unique_ptr<Kernel> make_lane_binary(const OpCall& call, const Lanes& lanes);
/// ReduceMean of 8-bit values or of float32 over neighbouring axes, the innermost not among them.
std::unique_ptr<Kernel> make_lane_mean(const OpCall& call, const Lanes& lanes);
/// Linear Resize of the height and width of 8-bit values by the rule `float`.
std::unique_ptr<Kernel> make_lane_resize(const OpCall& call, const Lanes& lanes);
/// Quantize of float32 to 8 bits by the rule `float`.
std::unique_ptr<Kernel> make_lane_quantize(const OpCall& call, const Lanes& lanes);
/// Dequantize of 8-bit values of one scale.
std::unique_ptr<Kernel> make_lane_dequantize(const OpCall& call, const Lanes& lanes);
/// MaxPool of float32.
std::unique_ptr<Kernel> make_lane_max_pool(const OpCall& call, const Lanes& lanes);
/// Transpose of 32-bit elements whose innermost axis moves.
std::unique_ptr<Kernel> make_lane_transpose(const OpCall& call, const Lanes& lanes);
/// Sigmoid, LeakyRelu, Relu, Clip and HardSwish of float32.
std::unique_ptr<Kernel> make_lane_unary(const OpCall& call, const Lanes& lanes);

}  // namespace quern
