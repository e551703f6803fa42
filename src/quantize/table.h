// The table and an assignment: from lines to pins, from pins to an integer graph, and from an integer graph to lines.
#pragma once

#include <string>

#include "quantize/absorb.h"
#include "quantize/assign.h"
#include "quantize/equalize.h"

namespace quern {

/// Balances the assignment's channels, takes offsets off them as the table says, and pins what it decides. `type`: of
/// 8-bit activations. Errors: invalid_file naming the line: a name that the model has not, or not in 8 bits; another
/// type; scales, a bias factors or offsets of another count than channels; an offset that no bias can take; tied values
/// that differ; weights without room for their bias.
Status pin_by_table(Assignment& assignment, const QuantizationTable& table, DType type);

/// The name of the first value or weights that nothing is said of; empty when everything is pinned.
std::string first_unpinned(const Assignment& assignment);

/// Integer weights and bias of a pinned operator whose input has this scale.
struct ProductTensors {
  Tensor weights;
  Tensor bias;
};
Result<ProductTensors> pinned_product(const Assignment& assignment, size_t op, float input_scale);

/// Requires that everything is pinned. Verified.
Result<Graph> pinned_graph(const Assignment& assignment, DType type);

/// What was done to an assignment's float graph before its integers were chosen.
struct Changes {
  ChannelFactors factors;  ///< empty: none
  ChannelOffsets offsets;  ///< empty: none
};

/// The lines that make `integers` again from `assignment`, which has these changes.
Result<QuantizationTable> table_of(const Assignment& assignment, const Changes& changes, const Graph& integers);

}  // namespace quern
