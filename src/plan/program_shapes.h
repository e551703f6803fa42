// The shapes of a computation's operands, which must follow from each other: one rule a group of operators. Each may
// rely on the count of operands, on attributes that verify, and on extents of 1 and more whose arrays fit the scratch
// memory.
#pragma once

#include "plan/program.h"
#include "quern/status.h"

namespace quern::shape_rules {

using Rule = Status (*)(const Computation&);

// program_windows.cc: channels last
Status conv(const Computation& c);
Status conv_transpose(const Computation& c);
Status pool(const Computation& c);
Status depth_to_space(const Computation& c);
Status space_to_depth(const Computation& c);

// program_shapes.cc
Status fully_connected(const Computation& c);
Status matmul(const Computation& c);
Status same(const Computation& c);
Status binary(const Computation& c);
Status prelu(const Computation& c);
Status reduce(const Computation& c);
Status arg_reduce(const Computation& c);
Status softmax(const Computation& c);
Status lp_norm(const Computation& c);
Status resize(const Computation& c);

// program_moves.cc
Status concat(const Computation& c);
Status split(const Computation& c);
Status slice(const Computation& c);
Status pad(const Computation& c);
Status transpose(const Computation& c);
Status expand(const Computation& c);
Status tile(const Computation& c);
Status reshape(const Computation& c);

/// That output i has this shape.
Status expect(const Computation& c, const Shape& shape, size_t i = 0);
/// That an axis lies within the rank of input 0.
Status check_axis(const Computation& c, int64_t axis);
/// That axes do, none twice.
Status check_axes(const Computation& c, const Ints& axes);

}  // namespace quern::shape_rules
