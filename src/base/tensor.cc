#include "quern/tensor.h"

#include <cstdlib>
#include <cstring>

#include "base/checked.h"
#include "base/error.h"

namespace quern {

namespace {

struct DTypeRow {
  const char* name;
  size_t bytes;
};

// In the order of DType.
constexpr DTypeRow kDTypes[] = {
    {"float32", 4}, {"float16", 2}, {"float64", 8}, {"int8", 1},  {"uint8", 1},  {"int16", 2},
    {"uint16", 2},  {"int32", 4},   {"uint32", 4},  {"int64", 8}, {"uint64", 8}, {"bool", 1},
};

const DTypeRow& row(DType type) {
  return kDTypes[static_cast<size_t>(type)];
}

}  // namespace

size_t size_of(DType type) {
  return row(type).bytes;
}
const char* to_string(DType type) {
  return row(type).name;
}

Result<DType> parse_dtype(const std::string& name) {
  for (size_t i = 0; i < std::size(kDTypes); ++i) {
    if (name == kDTypes[i].name) return static_cast<DType>(i);
  }
  return fail(ErrorCode::invalid_argument, "'{}' is not an element type; known are float32, uint8, int64 and the like",
              name);
}

bool is_float(DType type) {
  return type == DType::float32 || type == DType::float16 || type == DType::float64;
}
bool is_8bit(DType type) {
  return type == DType::int8 || type == DType::uint8;
}

std::string to_string(const Shape& shape) {
  if (shape.empty()) return "scalar";
  std::string text;
  for (int64_t extent : shape) {
    if (!text.empty()) text += 'x';
    text += extent < 0 ? "?" : std::to_string(extent);
  }
  return text;
}

Result<int64_t> element_count(const Shape& shape) {
  int64_t count = 1;
  bool zero = false;
  for (int64_t extent : shape) {
    if (extent < 0)
      return fail(ErrorCode::invalid_argument, "the shape {} has an extent that is not fixed", to_string(shape));
    if (extent == 0) zero = true;
    const auto next = checked_mul(count, extent == 0 ? 1 : extent);
    if (!next || *next > Tensor::kMaxBytes) {
      return fail(ErrorCode::out_of_memory, "the shape {} has more elements than a tensor may have bytes ({})",
                  to_string(shape), Tensor::kMaxBytes);
    }
    count = *next;
  }
  return zero ? 0 : count;
}

Result<Tensor> Tensor::make(DType type, Shape shape) {
  QUERN_TRY(const int64_t count, element_count(shape));
  const auto bytes = checked_mul(count, static_cast<int64_t>(size_of(type)));
  if (!bytes || *bytes > kMaxBytes) {
    return fail(ErrorCode::out_of_memory, "a {} tensor of shape {} is beyond the limit of {} bytes", to_string(type),
                to_string(shape), kMaxBytes);
  }
  const auto padded = static_cast<size_t>(round_up(*bytes + 1, 64));
  auto* data = static_cast<std::byte*>(std::aligned_alloc(64, padded));
  if (data == nullptr) {
    return fail(ErrorCode::out_of_memory, "no memory for a {} tensor of shape {} ({} bytes)", to_string(type),
                to_string(shape), *bytes);
  }
  std::memset(data, 0, padded);
  Tensor tensor;
  tensor.dtype_ = type;
  tensor.shape_ = std::move(shape);
  tensor.size_ = count;
  tensor.data_ = std::shared_ptr<std::byte>(data, std::free);
  return tensor;
}

Result<Tensor> Tensor::reshaped(Shape shape) const {
  QUERN_TRY(const int64_t count, element_count(shape));
  if (count != size_) {
    return fail(ErrorCode::invalid_argument, "a tensor of shape {} cannot take the shape {}: {} elements are not {}",
                to_string(shape_), to_string(shape), size_, count);
  }
  Tensor copy = *this;
  copy.shape_ = std::move(shape);
  return copy;
}

Tensor Tensor::clone() const {
  auto made = make(dtype_, shape_);
  if (!made.ok()) return {};
  made->quantization = quantization;
  if (bytes() > 0) std::memcpy(made->mutable_raw(), raw(), static_cast<size_t>(bytes()));
  return *std::move(made);
}

}  // namespace quern
