// What float and QLinear operators share.
#pragma once

#include "read/onnx/context.h"

namespace quern::onnx {

/// Conv of a channels-first `x`; reads the node's window attributes and group.
Status emit_conv(Context& cx, Node& node, ValueId x, ValueId weights, ValueId bias);
/// MaxPool or AveragePool of input 0.
Status emit_pool(Context& cx, Node& node, OpKind kind);
/// node.op (a reduction) over all axes but two, from `first_axis` on.
Status emit_global_pool(Context& cx, Node& node, int first_axis);
/// The product of input `a` with the constant or computed matrix `b`: FullyConnected where `b` is a constant matrix.
Status emit_product(Context& cx, Node& node, ValueId a, ValueId b);

}  // namespace quern::onnx
