// Bias absorption: what the channels behind a Relu carry whatever the input is moves into the biases of the operators
// that read them, so that stored ranges need not reach that far (Nagel et al. 2019, section 4.1.3).
//
// With h = relu(W x + b) and offsets c >= 0, relu(W x + b - c) = h - c wherever h >= c; an operator behind it with
// weights V gives the same when its bias gets V c. Padding would bring in 0 where -c is meant, so what padded operators
// read keeps its channels; and so does what leaves the model, or is read by anything that cannot take offsets along.
#pragma once

#include <vector>

#include "quantize/assign.h"

namespace quern {

/// By value, what was taken off each index of the last axis; empty where nothing was.
using ChannelOffsets = std::vector<std::vector<float>>;

/// Takes the offsets `wished` (by value, >= 0) off the results of products with a fused Relu, wherever all that read
/// them can take them up: Conv without padding and FullyConnected, with constant weights and bias, perhaps behind
/// pools, means and moves that leave each channel one offset. Changes biases of the assignment's float graph in place.
/// Returns what was taken off, of the values on the way too; empty when that is nothing.
Result<ChannelOffsets> absorb(Assignment& assignment, const ChannelOffsets& wished);

}  // namespace quern
