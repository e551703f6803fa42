#include "read/tflite/layout.h"

#include <algorithm>
#include <cstring>

namespace quern::tflite {

namespace {

int moved_axis(int axis, const Ints& perm) {
  return static_cast<int>(std::find(perm.begin(), perm.end(), axis) - perm.begin());
}

/// Copies element by element in the output's order; `steps` are the input's strides by output axis.
void copy_permuted(const Tensor& from, Tensor& to, const Ints& steps) {
  const size_t size = size_of(from.dtype());
  const auto* source = static_cast<const std::byte*>(from.raw());
  auto* target = static_cast<std::byte*>(to.mutable_raw());
  Ints at(steps.size(), 0);
  int64_t offset = 0;
  for (int64_t n = 0; n < to.size(); ++n) {
    std::memcpy(target + static_cast<size_t>(n) * size, source + static_cast<size_t>(offset) * size, size);
    for (size_t axis = steps.size(); axis-- > 0;) {
      offset += steps[axis];
      if (++at[axis] < to.shape()[axis]) break;
      offset -= steps[axis] * at[axis];
      at[axis] = 0;
    }
  }
}

Result<Tensor> transpose(const Tensor& tensor, const Ints& perm) {
  Ints strides(perm.size(), 1);
  for (size_t i = perm.size(); i-- > 1;) strides[i - 1] = strides[i] * tensor.shape()[i];
  Shape shape;
  Ints steps;
  for (const int64_t axis : perm) {
    shape.push_back(tensor.shape()[static_cast<size_t>(axis)]);
    steps.push_back(strides[static_cast<size_t>(axis)]);
  }
  QUERN_TRY(Tensor out, Tensor::make(tensor.dtype(), shape));
  copy_permuted(tensor, out, steps);
  out.quantization = tensor.quantization;
  return out;
}

}  // namespace

Result<ValueId> transposed(Node& node, int i, const Ints& perm, const char* suffix) {
  Quantization quantization = node.input(i).quantization;
  if (quantization.per_axis()) quantization.axis = moved_axis(quantization.axis, perm);
  if (node.is_constant(i)) {
    Importer& importer = node.importer();
    QUERN_TRY(const Tensor stored, importer.tensors.constant(node.input_tensor(i)));
    QUERN_TRY(Tensor tensor, transpose(stored, perm));
    tensor.quantization = quantization;
    return importer.graph.add_constant(importer.name_for(node.input_tensor(i)), std::move(tensor));
  }
  QUERN_TRY(const ValueId from, node.value(i));
  const ValueId to = node.temporary(suffix, node.graph().value(from).dtype, quantization);
  node.add(OpKind::Transpose, {from}, {to}).attrs = TransposeAttrs{.perm = perm};
  return to;
}

std::vector<ValueId> with_optional(std::vector<ValueId> ids, ValueId last) {
  if (last != kNoValue) ids.push_back(last);
  return ids;
}

}  // namespace quern::tflite
