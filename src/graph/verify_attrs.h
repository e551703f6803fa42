// The part of verify that looks at attributes alone.
#pragma once

#include "graph/graph.h"

namespace quern {

/// That every attribute lies in the range that makes sense before any shape is known. The sentence names attribute,
/// value and limit, without the operator.
Status verify_attrs(const Attrs& attrs);

}  // namespace quern
