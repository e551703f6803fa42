// From the file's channels-first layout to ours. Values: "a@nhwc" is the twin of "a". Weights: transposed at once where
// they are constants.
#pragma once

#include "read/onnx/context.h"

namespace quern::onnx {

/// The array with its axes in the order `perm`; the axis of a quantization follows.
Result<Tensor> transposed(const Tensor& tensor, const Ints& perm);

/// The value with its axes in the order `perm`, named `wish`: a new constant, or a Transpose. Made once per value and
/// name.
Result<ValueId> reordered(Context& cx, ValueId id, const Ints& perm, const std::string& suffix);

/// The channels-last twin of an N C H W value.
Result<ValueId> channels_last(Context& cx, ValueId id);

/// Emits a spatial operator whose input 0 and only output are channels first in the file, with `spatial_axes` axes of
/// extent (1 or 2) behind N and C.
Status emit_spatial(Context& cx, const Node& node, OpKind kind, std::vector<ValueId> inputs, Attrs attrs,
                    int spatial_axes = 2);

/// Weights O I [H] W as O H W I.
Result<ValueId> conv_weights(Context& cx, ValueId id);
/// Weights I O/g [H] W of a transposed convolution as O H W I/g.
Result<ValueId> conv_transpose_weights(Context& cx, const Node& node, ValueId id, int64_t groups);
/// A matrix [I, O] as [O, I].
Result<ValueId> matrix_weights(Context& cx, ValueId id);

}  // namespace quern::onnx
