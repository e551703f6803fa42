// The inference rules, one a group of operators that share it; infer.cc says which kind follows which. Each rule may
// rely on InferCall::check having passed.
#pragma once

#include "graph/infer_call.h"

namespace quern::infer_rules {

// infer_spatial.cc
Status conv(InferCall& call);
Status conv_transpose(InferCall& call);
Status pool(InferCall& call);
Status depth_to_space(InferCall& call);
Status space_to_depth(InferCall& call);

// infer_linear.cc
Status fully_connected(InferCall& call);
Status matmul(InferCall& call);

// infer_elementwise.cc
Status binary(InferCall& call);
Status power(InferCall& call);
Status prelu(InferCall& call);
Status comparison(InferCall& call);
Status logic(InferCall& call);
Status where(InferCall& call);
Status unary(InferCall& call);
Status clip(InferCall& call);
Status logic_not(InferCall& call);
Status float_test(InferCall& call);
Status cast(InferCall& call);
Status quantize(InferCall& call);
Status dequantize(InferCall& call);

// infer_reduce.cc
Status reduce(InferCall& call);
Status arg_reduce(InferCall& call);
Status softmax(InferCall& call);
Status channel_norm(InferCall& call);
Status layer_norm(InferCall& call);
Status mean_variance_norm(InferCall& call);
Status lp_norm(InferCall& call);
Status lrn(InferCall& call);
Status cumulative_sum(InferCall& call);
Status top_k(InferCall& call);

// infer_move.cc
Status concat(InferCall& call);
Status split(InferCall& call);
Status slice(InferCall& call);
Status pad(InferCall& call);
Status transpose(InferCall& call);
Status expand(InferCall& call);
Status tile(InferCall& call);

// infer_gather.cc
Status gather(InferCall& call);
Status gather_elements(InferCall& call);
Status gather_nd(InferCall& call);
Status one_hot(InferCall& call);

// infer_resize.cc
Status resize(InferCall& call);

// infer_shape.cc
Status reshape(InferCall& call);
Status flatten(InferCall& call);
Status squeeze(InferCall& call);
Status unsqueeze(InferCall& call);
Status shape_of(InferCall& call);
Status size_of_value(InferCall& call);
Status fill(InferCall& call);
Status range(InferCall& call);

}  // namespace quern::infer_rules
