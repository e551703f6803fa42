// The bias of a product: float, or int32 in units of the products.
#pragma once

#include "write/onnx/context.h"

namespace quern::onnx_writer {

/// What the node reads as its third input; "" when there is none. An int32 bias is dequantized with s_x * s_w: kernels
/// take it as it is stored when its own scale is within 1 % of that (docs/quantization.md §3), and so must the file.
Result<std::string> read_bias(Context& cx, const Op& op);

}  // namespace quern::onnx_writer
