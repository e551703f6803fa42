// Values under the names and in the layout of the model's file.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "quern/tensor.h"

namespace quern {

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

/// A name taken apart: "X@nhwc" is a twin of the file's value X, and X = Transpose(twin, order).
struct Twin {
  std::string name;           ///< the file's; the whole name when it is no twin's
  std::vector<size_t> order;  ///< empty: no twin
};
Twin twin_of(const std::string& name, size_t rank);

/// "X@nhwc" is the channels-last twin of the file's value X, and "X@021" a twin in another order: X = Transpose(twin,
/// digits) (docs/passes.md). Where X itself is gone, its twin is transposed back and takes the name; where X is there,
/// the twin is left out.
Result<NamedTensors> in_file_layout(NamedTensors values);

}  // namespace quern
