// Arrays: element types, shapes, quantization parameters, and an owning Tensor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "quern/status.h"

namespace quern {

/// Element types of tensors. The order is part of the plan file format: append only.
enum class DType : uint8_t {
  float32,
  float16,
  float64,
  int8,
  uint8,
  int16,
  uint16,
  int32,
  uint32,
  int64,
  uint64,
  boolean,  ///< one byte an element, 0 or 1
};

/// Bytes of one element.
size_t size_of(DType type);
/// numpy's name: "float32", "uint8", "bool", …
const char* to_string(DType type);
/// The inverse of to_string.
Result<DType> parse_dtype(const std::string& name);
bool is_float(DType type);
/// int8 or uint8: the types that integer kernels compute in.
bool is_8bit(DType type);

/// Extents, outermost first. Empty means a scalar. -1 stands for an extent that is not fixed yet (graph inputs only).
using Shape = std::vector<int64_t>;

/// "1x3x224x224"; "scalar" for rank 0; "?" for an extent that is not fixed.
std::string to_string(const Shape& shape);

/// real = (stored - zero_point) * scale, per tensor (one scale) or per slice along `axis` (one scale an index).
/// An empty `scales` means the value is not quantized. `zero_points` is as long as `scales`.
struct Quantization {
  std::vector<float> scales;
  std::vector<int32_t> zero_points;
  int axis = 0;  ///< meaningful only when scales.size() > 1

  bool empty() const { return scales.empty(); }
  bool per_axis() const { return scales.size() > 1; }
  bool operator==(const Quantization&) const = default;
};

/// How an operator on quantized tensors rounds its result to the stored integer: the two rules of docs/quantization.md.
/// `float_rule`: multiply in float32, round half to even (ONNX Runtime, XNNPACK). `fixed_rule`: a 31-bit multiplier and
/// a shift, rounded as TFLite's reference kernels do. Under one rule every machine gives the same bytes.
enum class Arithmetic : uint8_t { float_rule, fixed_rule };

/// Number of elements, or an error when it does not fit the limit of a tensor (see Tensor::kMaxBytes).
Result<int64_t> element_count(const Shape& shape);

/// A dense, row-major array with 64-byte aligned storage. Copies share the storage; `clone` makes a deep copy.
class Tensor {
 public:
  /// The largest tensor Quern accepts (2 GiB): a bound on what a hostile file can ask for.
  static constexpr int64_t kMaxBytes = int64_t{1} << 31;

  Tensor() = default;

  /// A zero-filled tensor. Errors: out_of_memory when beyond kMaxBytes, invalid_argument for a negative extent.
  static Result<Tensor> make(DType type, Shape shape);
  /// A tensor holding a copy of `values` (count must match the shape).
  template <typename T>
  static Tensor of(const Shape& shape, std::initializer_list<T> values);
  /// The same storage under another shape of equal element count.
  Result<Tensor> reshaped(Shape shape) const;
  Tensor clone() const;

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  int64_t rank() const { return static_cast<int64_t>(shape_.size()); }
  /// Elements in all.
  int64_t size() const { return size_; }
  int64_t bytes() const { return size_ * static_cast<int64_t>(size_of(dtype_)); }
  bool empty() const { return size_ == 0; }

  Quantization quantization;

  const void* raw() const { return data_.get(); }
  void* mutable_raw() { return data_.get(); }
  /// Requires that T matches dtype (checked in debug builds).
  template <typename T>
  std::span<const T> data() const {
    return {static_cast<const T*>(raw()), static_cast<size_t>(size_)};
  }
  template <typename T>
  std::span<T> mutable_data() {
    return {static_cast<T*>(mutable_raw()), static_cast<size_t>(size_)};
  }

 private:
  DType dtype_ = DType::float32;
  Shape shape_ = {0};
  int64_t size_ = 0;
  std::shared_ptr<std::byte> data_;
};

/// DType of a C++ element type.
template <typename T>
struct DTypeOf;
template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::float32;
};
template <>
struct DTypeOf<double> {
  static constexpr DType value = DType::float64;
};
template <>
struct DTypeOf<int8_t> {
  static constexpr DType value = DType::int8;
};
template <>
struct DTypeOf<uint8_t> {
  static constexpr DType value = DType::uint8;
};
template <>
struct DTypeOf<int16_t> {
  static constexpr DType value = DType::int16;
};
template <>
struct DTypeOf<uint16_t> {
  static constexpr DType value = DType::uint16;
};
template <>
struct DTypeOf<int32_t> {
  static constexpr DType value = DType::int32;
};
template <>
struct DTypeOf<uint32_t> {
  static constexpr DType value = DType::uint32;
};
template <>
struct DTypeOf<int64_t> {
  static constexpr DType value = DType::int64;
};
template <>
struct DTypeOf<uint64_t> {
  static constexpr DType value = DType::uint64;
};
template <>
struct DTypeOf<bool> {
  static constexpr DType value = DType::boolean;
};

template <typename T>
Tensor Tensor::of(const Shape& shape, std::initializer_list<T> values) {
  auto made = make(DTypeOf<T>::value, shape);
  if (!made.ok() || made->size() != static_cast<int64_t>(values.size())) return {};
  T* out = static_cast<T*>(made->mutable_raw());
  for (const T& v : values) *out++ = v;
  return *std::move(made);
}

}  // namespace quern
