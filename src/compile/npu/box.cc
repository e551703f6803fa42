#include "compile/npu/box.h"

namespace quern::npu {

Box whole(const Shape& shape) {
  return {Ints(shape.size(), 0), shape};
}

int64_t elements(const Box& box) {
  int64_t count = 1;
  for (int64_t extent : box.extent) count *= extent;
  return count;
}

Ints dense_strides(const Ints& shape, int64_t element_bytes) {
  Ints strides(shape.size());
  int64_t stride = element_bytes;
  for (size_t axis = shape.size(); axis-- > 0;) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

int64_t byte_offset(const Box& box, const Ints& strides) {
  int64_t offset = 0;
  for (size_t axis = 0; axis < strides.size(); ++axis) offset += box.begin[axis] * strides[axis];
  return offset;
}

int64_t span_bytes(const Ints& extent, const Ints& strides, int64_t element_bytes) {
  int64_t span = element_bytes;
  for (size_t axis = 0; axis < extent.size(); ++axis) {
    if (extent[axis] == 0) return 0;
    span += (extent[axis] - 1) * strides[axis];
  }
  return span;
}

}  // namespace quern::npu
