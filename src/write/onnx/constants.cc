// Arrays of the file: what the graph holds, and small ones of the writer's own.
#include <cstring>

#include "write/onnx/context.h"

namespace quern::onnx_writer {

namespace {

struct TypeRow {
  DType dtype;
  int32_t type;
};

constexpr TypeRow kTypes[] = {
    {DType::float32, TensorProto::FLOAT}, {DType::float16, TensorProto::FLOAT16}, {DType::float64, TensorProto::DOUBLE},
    {DType::int8, TensorProto::INT8},     {DType::uint8, TensorProto::UINT8},     {DType::int16, TensorProto::INT16},
    {DType::uint16, TensorProto::UINT16}, {DType::int32, TensorProto::INT32},     {DType::uint32, TensorProto::UINT32},
    {DType::int64, TensorProto::INT64},   {DType::uint64, TensorProto::UINT64},   {DType::boolean, TensorProto::BOOL},
};

template <typename T>
Tensor scalar(double value) {
  return Tensor::of<T>({}, {static_cast<T>(value)});
}

Tensor scalar_of(DType dtype, double value) {
  switch (dtype) {
    case DType::float64:
      return scalar<double>(value);
    case DType::int8:
      return scalar<int8_t>(value);
    case DType::uint8:
      return scalar<uint8_t>(value);
    case DType::int32:
      return scalar<int32_t>(value);
    case DType::int64:
      return scalar<int64_t>(value);
    case DType::boolean:
      return scalar<bool>(value);
    default:
      return scalar<float>(value);
  }
}

}  // namespace

int32_t element_type(DType dtype) {
  for (const TypeRow& row : kTypes) {
    if (row.dtype == dtype) return row.type;
  }
  return TensorProto::UNDEFINED;
}

Result<Tensor> turned(const Tensor& tensor, const Form& form) {
  if (is_identity(form)) return tensor;
  QUERN_TRY(Tensor result, Tensor::make(tensor.dtype(), permuted_shape(tensor.shape(), form)));
  const size_t rank = form.size();
  const size_t unit = size_of(tensor.dtype());
  Ints strides(rank, static_cast<int64_t>(unit));
  for (size_t i = rank - 1; i > 0; --i) strides[i - 1] = strides[i] * tensor.shape()[i];
  Ints at(rank, 0);
  const auto* in = static_cast<const std::byte*>(tensor.raw());
  auto* out = static_cast<std::byte*>(result.mutable_raw());
  for (int64_t n = 0; n < result.size(); ++n, out += unit) {
    std::memcpy(out, in, unit);
    for (size_t i = rank; i-- > 0;) {
      const int64_t step = strides[static_cast<size_t>(form[i])];
      in += step;
      if (++at[i] < result.shape()[i]) break;
      in -= step * at[i];
      at[i] = 0;
    }
  }
  result.quantization = tensor.quantization;
  if (result.quantization.per_axis()) {
    const Perm back = inverse(form);
    result.quantization.axis = static_cast<int>(back[static_cast<size_t>(tensor.quantization.axis)]);
  }
  return result;
}

void fill(TensorProto& proto, const Tensor& tensor) {
  for (const int64_t extent : tensor.shape()) proto.add_dims(extent);
  proto.set_data_type(element_type(tensor.dtype()));
  proto.set_raw_data(tensor.raw(), static_cast<size_t>(tensor.bytes()));
}

std::string Context::constant(const std::string& wish, const Tensor& tensor) {
  std::string name = unique(wish);
  TensorProto* proto = file.add_initializer();
  fill(*proto, tensor);
  proto->set_name(name);
  return name;
}

std::string Context::ints(const std::string& wish, const Ints& values) {
  auto tensor = Tensor::make(DType::int64, {static_cast<int64_t>(values.size())});
  std::copy(values.begin(), values.end(), tensor->mutable_data<int64_t>().begin());
  return constant(wish, *tensor);
}

std::string Context::number(const std::string& wish, DType dtype, double value) {
  return constant(wish, scalar_of(dtype, value));
}

std::string Context::dequantized_constant(const std::string& wish, const Tensor& tensor) {
  Array array;
  array.name = constant(wish, tensor);
  array.stored = array.name;
  array.quantization = &tensor.quantization;
  array.dtype = tensor.dtype();
  array.axis = tensor.quantization.axis;
  return real_name(array);
}

}  // namespace quern::onnx_writer
