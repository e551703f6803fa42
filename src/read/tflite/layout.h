// Constants and values in another order of axes.
#pragma once

#include "read/tflite/node.h"

namespace quern::tflite {

/// Input `i` with its axes in the order `perm`: a new constant where it is one, else the result of a Transpose. A
/// quantization axis moves along. `suffix` names what lies between. Requires the rank to be perm's.
Result<ValueId> transposed(Node& node, int i, const Ints& perm, const char* suffix);

/// `ids`, and `last` behind them when it is there.
std::vector<ValueId> with_optional(std::vector<ValueId> ids, ValueId last);

}  // namespace quern::tflite
