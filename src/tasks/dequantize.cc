#include <algorithm>

#include "base/error.h"
#include "base/half.h"
#include "quern/task.h"

namespace quern {

namespace {

/// Which scale an element has: index / inner % count.
struct Slices {
  size_t inner = 1;
  size_t count = 1;
};

Result<Slices> slices_of(const Tensor& tensor) {
  const Quantization& q = tensor.quantization;
  if (!q.per_axis()) return Slices{};
  const bool on_axis = q.axis >= 0 && q.axis < tensor.rank() &&
                       tensor.shape()[static_cast<size_t>(q.axis)] == static_cast<int64_t>(q.scales.size());
  if (!on_axis) {
    return fail(ErrorCode::invalid_argument, "a tensor of shape {} cannot have {} scales along axis {}",
                to_string(tensor.shape()), q.scales.size(), q.axis);
  }
  Slices slices{1, q.scales.size()};
  for (size_t i = static_cast<size_t>(q.axis) + 1; i < tensor.shape().size(); ++i)
    slices.inner *= static_cast<size_t>(tensor.shape()[i]);
  return slices;
}

template <typename T>
void convert(const Tensor& tensor, const Slices& slices, std::span<float> out) {
  const std::span<const T> in = tensor.data<T>();
  const Quantization& q = tensor.quantization;
  if (q.empty() || q.scales[0] == 0) {  // a scale of 0 says "not quantized" in TFLite
    std::transform(in.begin(), in.end(), out.begin(), [](T value) { return static_cast<float>(value); });
    return;
  }
  for (size_t i = 0; i < in.size(); ++i) {
    const size_t slice = i / slices.inner % slices.count;
    const float zero = slice < q.zero_points.size() ? static_cast<float>(q.zero_points[slice]) : 0.0F;
    out[i] = (static_cast<float>(in[i]) - zero) * q.scales[slice];
  }
}

void convert_half(const Tensor& tensor, std::span<float> out) {
  const auto* in = static_cast<const uint16_t*>(tensor.raw());
  std::transform(in, in + out.size(), out.begin(), half_to_float);
}

}  // namespace

Result<Tensor> dequantize(const Tensor& tensor) {
  if (tensor.dtype() == DType::float32) return tensor;
  QUERN_TRY(const Slices slices, slices_of(tensor));
  QUERN_TRY(Tensor values, Tensor::make(DType::float32, tensor.shape()));
  const std::span<float> out = values.mutable_data<float>();
  switch (tensor.dtype()) {
    case DType::float32:
      break;
    case DType::float16:
      convert_half(tensor, out);
      break;
    case DType::float64:
      convert<double>(tensor, slices, out);
      break;
    case DType::int8:
      convert<int8_t>(tensor, slices, out);
      break;
    case DType::uint8:
      convert<uint8_t>(tensor, slices, out);
      break;
    case DType::int16:
      convert<int16_t>(tensor, slices, out);
      break;
    case DType::uint16:
      convert<uint16_t>(tensor, slices, out);
      break;
    case DType::int32:
      convert<int32_t>(tensor, slices, out);
      break;
    case DType::uint32:
      convert<uint32_t>(tensor, slices, out);
      break;
    case DType::int64:
      convert<int64_t>(tensor, slices, out);
      break;
    case DType::uint64:
      convert<uint64_t>(tensor, slices, out);
      break;
    case DType::boolean:
      convert<bool>(tensor, slices, out);
      break;
  }
  return values;
}

}  // namespace quern
