// A part of an array: where it begins along each axis and how far it goes.
#pragma once

#include "graph/op.h"

namespace quern::npu {

struct Box {
  Ints begin;
  Ints extent;
  bool operator==(const Box&) const = default;
};

/// All of an array.
Box whole(const Shape& shape);
/// Number of elements.
int64_t elements(const Box& box);
/// Strides in bytes of a dense array.
Ints dense_strides(const Ints& shape, int64_t element_bytes);
/// Where a box begins, in bytes, in an array with these strides.
int64_t byte_offset(const Box& box, const Ints& strides);
/// Bytes from the first to behind the last element of an array with these strides.
int64_t span_bytes(const Ints& extent, const Ints& strides, int64_t element_bytes);

}  // namespace quern::npu
