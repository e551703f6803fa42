// Turning input elements into the form that product kernels read.
#pragma once

#include "kernels/gemm/microkernel.h"
#include "quern/tensor.h"

namespace quern {

/// Bytes of an element in a row.
size_t row_element_bytes(RowForm form);
/// Converts `count` elements of `type`; `zero_point` matters to centred_int16 alone.
void pack_row(RowForm form, DType type, int32_t zero_point, const std::byte* from, int64_t count, std::byte* to);
/// `count` elements that mean zero.
void fill_row(RowForm form, DType type, int32_t zero_point, int64_t count, std::byte* to);

}  // namespace quern
