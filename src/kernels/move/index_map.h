// Moves that are a table for each axis: output index -> input index, or kFill where nothing of the input is. Slice,
// Pad, Tile, Expand, nearest Resize and SpaceToDepth's cousins are all of this form.
#pragma once

#include <memory>
#include <vector>

#include "kernels/kernel.h"

namespace quern {

inline constexpr int64_t kFill = -1;

/// For each axis of the output, the input index each of its indices reads.
using AxisTables = std::vector<std::vector<int64_t>>;

/// A kernel that fills its output from its first input by the tables; elements under kFill become `fill`, whose bytes
/// are one element. The input has as many axes as the output.
std::unique_ptr<Kernel> make_index_map(const OpCall& call, const AxisTables& tables,
                                       const std::vector<std::byte>& fill);

/// The bytes of one element of type `type` holding the real `value`: by `quantization` when there is one, else
/// converted with saturation.
std::vector<std::byte> element_bytes(DType type, const Quantization& quantization, double value);

/// Every input index once, in order.
std::vector<int64_t> identity_table(int64_t extent);

}  // namespace quern
