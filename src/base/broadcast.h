// The rule by which arrays of different shapes meet.
#pragma once

#include <optional>

#include "quern/tensor.h"

namespace quern {

/// The shape two arrays broadcast to, as numpy does; nothing when they do not fit.
std::optional<Shape> broadcast(const Shape& a, const Shape& b);

}  // namespace quern
