// The builtin operators of TFLite that Quern reads: one row each.
#pragma once

#include <span>

#include "read/tflite/node.h"

namespace quern::tflite {

/// nullptr when the operator is not read.
const Row* find_row(schema::BuiltinOperator code);
std::span<const Row> all_rows();
/// Stands in for the missing row while a refused operator's operands are looked at for a name.
extern const Row kUnreadRow;
/// The sentence for an operator without a row.
Status refuse_operator(schema::BuiltinOperator code, const std::string& kind);

// One function a row, or for many rows; beside each stands the file it lives in.

// ops_conv.cc
Status read_conv(Node& node);
Status read_depthwise_conv(Node& node);
Status read_transpose_conv(Node& node);
Status read_pool(Node& node);
Status read_depth_to_space(Node& node);
Status read_space_to_depth(Node& node);
// ops_linear.cc
Status read_fully_connected(Node& node);
Status read_batch_matmul(Node& node);
// ops_elementwise.cc
Status read_plain(Node& node);  ///< no attributes: the inputs and outputs are the operator's own
Status read_add(Node& node);
Status read_sub(Node& node);
Status read_mul(Node& node);
Status read_div(Node& node);
Status read_add_n(Node& node);
Status read_floor_div(Node& node);
Status read_floor_mod(Node& node);
Status read_squared_difference(Node& node);
Status read_not_equal(Node& node);
Status read_select(Node& node);
Status read_relu6(Node& node);
Status read_relu_n1_to_1(Node& node);
Status read_relu_0_to_1(Node& node);
Status read_leaky_relu(Node& node);
Status read_elu(Node& node);
Status read_gelu(Node& node);
// ops_along.cc
Status read_softmax(Node& node);
Status read_l2_normalization(Node& node);
Status read_lrn(Node& node);
Status read_cumsum(Node& node);
Status read_topk(Node& node);
// ops_reduce.cc
Status read_reduce(Node& node);
Status read_arg(Node& node);
// ops_join.cc
Status read_concatenation(Node& node);
Status read_split(Node& node);
Status read_split_v(Node& node);
Status read_pack(Node& node);
Status read_unpack(Node& node);
// ops_slice.cc
Status read_slice(Node& node);
Status read_strided_slice(Node& node);
Status read_reverse(Node& node);
// ops_move.cc
Status read_pad(Node& node);
Status read_mirror_pad(Node& node);
Status read_resize_bilinear(Node& node);
Status read_resize_nearest(Node& node);
Status read_transpose(Node& node);
Status read_gather(Node& node);
Status read_tile(Node& node);
Status read_broadcast_to(Node& node);
Status read_one_hot(Node& node);
// ops_shape.cc
Status read_reshape(Node& node);
Status read_squeeze(Node& node);
Status read_expand_dims(Node& node);
Status read_shape(Node& node);
Status read_fill(Node& node);
// ops_convert.cc
Status read_cast(Node& node);
Status read_dequantize(Node& node);

}  // namespace quern::tflite
