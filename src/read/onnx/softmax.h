#pragma once

#include "read/onnx/context.h"

namespace quern::onnx {

/// Softmax or LogSoftmax of input 0. `flattens`: as before opset 13, all axes from `axis` on are one.
Status emit_softmax(Context& cx, Node& node, OpKind kind, int64_t axis, bool flattens);

}  // namespace quern::onnx
