#include "kernels/convert/elements.h"

#include "base/width.h"
#include "kernels/reference_kernel.h"
#include "kernels/requantize.h"

namespace quern {

namespace {

/// Calls visit(begin, end, scale, zero point) on runs of elements that share their scale.
template <typename Visit>
void each_run(const Operand& operand, Visit visit) {
  const Quantization& q = operand.quantization;
  const int64_t count = operand.size();
  if (!q.per_axis()) {
    visit(int64_t{0}, count, q.scales[0], zero_point_of(operand));
    return;
  }
  const auto axis = static_cast<size_t>(q.axis);
  const int64_t run = extent_product(operand.shape, axis + 1, operand.shape.size());
  for (int64_t begin = 0; begin < count; begin += run) {
    const auto c = static_cast<size_t>(begin / run % operand.shape[axis]);
    visit(begin, begin + run, q.scales[c], q.zero_points.empty() ? 0 : q.zero_points[c]);
  }
}

/// Calls body(T{}) for the stored type.
template <typename Body>
void with_stored_type(DType type, Body body) {
  switch (type) {
    case DType::int8:
      return body(int8_t{});
    case DType::uint8:
      return body(uint8_t{});
    case DType::int16:
      return body(int16_t{});
    case DType::uint16:
      return body(uint16_t{});
    case DType::int32:
      return body(int32_t{});
    case DType::int64:
      return body(int64_t{});
    default:
      return;
  }
}

}  // namespace

bool is_stored_type(DType type) {
  return is_8_or_16bit(type) || type == DType::int32 || type == DType::int64;
}

void dequantize_elements(const Operand& operand, const void* stored, float* real) {
  with_stored_type(operand.dtype, [&](auto type) {
    const auto* from = static_cast<const decltype(type)*>(stored);
    each_run(operand, [&](int64_t begin, int64_t end, float scale, int32_t zero_point) {
      for (int64_t i = begin; i < end; ++i) {
        real[i] = static_cast<float>(static_cast<int64_t>(from[i]) - zero_point) * scale;
      }
    });
  });
}

void quantize_elements(const Operand& operand, const float* real, void* stored, Arithmetic arithmetic) {
  const StoredBounds bounds = stored_range(operand.dtype);
  with_stored_type(operand.dtype, [&](auto type) {
    using T = decltype(type);
    auto* to = static_cast<T*>(stored);
    each_run(operand, [&](int64_t begin, int64_t end, float scale, int32_t zero_point) {
      for (int64_t i = begin; i < end; ++i) {
        to[i] = static_cast<T>(quantize_value(real[i], scale, zero_point, bounds, arithmetic));
      }
    });
  });
}

}  // namespace quern
