// The constants of products.
#pragma once

#include "write/tflite/rows.h"

namespace quern::tflite_writer {

/// Input 1 with its axes in the order `perm`, in the call's kind of numbers. Errors: unsupported when it is no constant
/// and has to be turned.
Result<int> read_weights(Call& call, const std::vector<int64_t>& perm = {});

/// Input 2: int32 on the grid of the sums (product_grid) for integer operators, else float; one number a channel. Zeros
/// when there is none: LiteRT's CONV_2D insists on a bias.
int read_bias(Call& call);

}  // namespace quern::tflite_writer
