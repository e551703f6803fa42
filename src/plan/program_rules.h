// The rules of the operators a simulated NPU computes: engine, number of operands, element types, and the shapes that
// follow from each other. They say what kernels rely on, for pieces whose extents are checked; the shape rules are
// those of graph/infer, for attributes that are final (axes within the rank, lists complete, pads explicit).
#pragma once

#include <optional>
#include <span>

#include "plan/program.h"

namespace quern {

/// The engine that computes a kind; nothing when none does.
std::optional<Engine> engine_of(OpKind kind);

/// Checks kind, attributes, operands, types and shapes of a computation. Its pieces and the program's quantizations
/// must have been checked. The sentence does not name the command.
Status check_operator(const Computation& computation, std::span<const Quantization> quantizations);

}  // namespace quern
