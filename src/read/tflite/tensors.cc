#include "read/tflite/tensors.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/checked.h"
#include "base/error.h"
#include "base/half.h"

namespace quern::tflite {

namespace {

constexpr int kMaxRank = 8;
constexpr size_t kMaxNameBytes = 4096;

/// The element type of the file as ours. Types that are missing here are refused by name.
struct TypeRow {
  schema::TensorType stored;
  DType dtype;
};

constexpr TypeRow kTypes[] = {
    {schema::TensorType::FLOAT32, DType::float32}, {schema::TensorType::FLOAT16, DType::float16},
    {schema::TensorType::FLOAT64, DType::float64}, {schema::TensorType::INT8, DType::int8},
    {schema::TensorType::UINT8, DType::uint8},     {schema::TensorType::INT16, DType::int16},
    {schema::TensorType::UINT16, DType::uint16},   {schema::TensorType::INT32, DType::int32},
    {schema::TensorType::UINT32, DType::uint32},   {schema::TensorType::INT64, DType::int64},
    {schema::TensorType::UINT64, DType::uint64},   {schema::TensorType::BOOL, DType::boolean},
};

Result<DType> dtype_of(schema::TensorType stored) {
  for (const TypeRow& row : kTypes) {
    if (row.stored == stored) return row.dtype;
  }
  const char* name = schema::EnumNameTensorType(stored);
  if (*name == '\0')
    return fail(ErrorCode::invalid_file, "element type {} is none of TFLite's", static_cast<int>(stored));
  return fail(ErrorCode::unsupported, "element type {} is not read; convert the model with float32 or int8 tensors",
              name);
}

/// What a tensor may not be, whatever its type.
Status check_features(const schema::Tensor& tensor) {
  if (tensor.is_variable()) {
    return fail(ErrorCode::unsupported,
                "it is a variable, which keeps its value from one run to the next; Quern runs without state");
  }
  if (tensor.sparsity() != nullptr) {
    return fail(ErrorCode::unsupported, "it is stored sparse; convert the model without sparsity");
  }
  if (tensor.external_buffer() != 0) {
    return fail(ErrorCode::unsupported,
                "its data lies in another file (external buffer {}); convert the model into one file",
                tensor.external_buffer());
  }
  return {};
}

Result<Shape> shape_of(const schema::Tensor& tensor) {
  Shape shape;
  if (tensor.shape() == nullptr) return shape;
  if (tensor.shape()->size() > kMaxRank) {
    return fail(ErrorCode::unsupported, "it has {} axes; the limit is {}", tensor.shape()->size(), kMaxRank);
  }
  for (const int32_t extent : *tensor.shape()) {
    if (extent < -1) return fail(ErrorCode::invalid_file, "its shape has an extent of {}", extent);
    shape.push_back(extent);
  }
  return shape;
}

Status check_scales(const flatbuffers::Vector<float>& scales) {
  for (const float scale : scales) {
    if (!std::isfinite(scale) || scale < 0) {
      return fail(ErrorCode::invalid_file, "its quantization has the scale {}, which is not a positive number", scale);
    }
    if (scale == 0 && scales.size() > 1) {
      return fail(ErrorCode::unsupported, "one of its {} scales is 0; quantize the model again with a smallest scale",
                  scales.size());
    }
  }
  return {};
}

}  // namespace

Budget::Budget(int64_t file_bytes) : limit_(16 * file_bytes + (int64_t{16} << 20)), left_(limit_) {}

Status Budget::charge(int64_t bytes) {
  if (bytes > left_) {
    return fail(
        ErrorCode::out_of_memory,
        "the file asks for more than {} bytes (16 times its size and 16 MiB) by naming the same data again and again",
        limit_);
  }
  left_ -= bytes;
  return {};
}

Tensors::Tensors(const schema::Model& model, const schema::SubGraph& subgraph, int64_t file_bytes)
    : budget(file_bytes), model_(model), subgraph_(subgraph) {
  infos_.resize(subgraph.tensors() == nullptr ? 0 : subgraph.tensors()->size());
}

Result<const TensorInfo*> Tensors::info(int index) {
  if (index < 0 || index >= count()) {
    return fail(ErrorCode::invalid_file, "tensor {} does not exist; the subgraph has {}", index, count());
  }
  auto& slot = infos_[static_cast<size_t>(index)];
  if (slot == nullptr) {
    auto parsed = parse(index);
    if (!parsed.ok()) {
      const auto* name = subgraph_.tensors()->Get(static_cast<uint32_t>(index))->name();
      const std::string_view text =
          name == nullptr ? std::string_view() : std::string_view(name->c_str(), name->size());
      Error error = parsed.error();
      error.message = fmt::format("tensor {} '{}': {}", index, printable(text.substr(0, kMaxNameBytes)), error.message);
      return error;
    }
    slot = std::make_unique<TensorInfo>(*std::move(parsed));
  }
  return slot.get();
}

Result<TensorInfo> Tensors::parse(int index) {
  const schema::Tensor& tensor = *subgraph_.tensors()->Get(static_cast<uint32_t>(index));
  const std::string_view stored =
      tensor.name() == nullptr ? "" : std::string_view(tensor.name()->c_str(), tensor.name()->size());
  if (stored.size() > kMaxNameBytes) {
    return fail(ErrorCode::invalid_file, "its name has {} bytes; the limit is {}", stored.size(), kMaxNameBytes);
  }
  QUERN_CHECK(budget.charge(static_cast<int64_t>(sizeof(TensorInfo) + 2 * stored.size())));
  QUERN_CHECK(check_features(tensor));
  TensorInfo info;
  info.name = names.unique(stored.empty() ? fmt::format("tensor_{}", index) : printable(stored));
  if (info.name != stored && renamed_++ == 0) renamed_example_ = info.name;
  QUERN_TRY(info.dtype, dtype_of(tensor.type()));
  QUERN_TRY(info.shape, shape_of(tensor));
  QUERN_CHECK(read_bytes(tensor, info));
  if (tensor.quantization() != nullptr) QUERN_CHECK(read_quantization(*tensor.quantization(), info));
  return info;
}

Status Tensors::read_bytes(const schema::Tensor& tensor, TensorInfo& info) const {
  const uint32_t buffers = model_.buffers() == nullptr ? 0 : model_.buffers()->size();
  if (tensor.buffer() >= std::max(buffers, 1u)) {  // buffer 0 means "none", even where no list is
    return fail(ErrorCode::invalid_file, "buffer {} does not exist; the file has {}", tensor.buffer(), buffers);
  }
  const schema::Buffer* buffer = buffers == 0 ? nullptr : model_.buffers()->Get(tensor.buffer());
  if (buffer != nullptr && buffer->offset() > 1) {
    return fail(
        ErrorCode::unsupported,
        "its data lies behind the flatbuffer (offset {}, {} bytes), as in models above 2 GB; that form is not read",
        buffer->offset(), buffer->size());
  }
  if (buffer == nullptr || buffer->data() == nullptr || buffer->data()->size() == 0) return {};
  const auto elements = element_count(info.shape);
  if (!elements.ok()) return fail(ErrorCode::invalid_file, "it holds data, but {}", elements.error().message);
  const int64_t expected = *elements * static_cast<int64_t>(size_of(info.dtype));
  if (expected != buffer->data()->size()) {
    return fail(ErrorCode::invalid_file, "its buffer {} holds {} bytes, but {} of shape {} takes {}", tensor.buffer(),
                buffer->data()->size(), to_string(info.dtype), to_string(info.shape), expected);
  }
  info.constant = true;
  info.bytes = std::as_bytes(std::span(buffer->data()->data(), buffer->data()->size()));
  return {};
}

Status Tensors::read_quantization(const schema::Quantization& stored, TensorInfo& info) {
  if (stored.details_type() != schema::QuantizationDetails::NONE) {
    return fail(ErrorCode::unsupported, "its quantization is of the kind {}; only scale and zero point are read",
                schema::EnumNameQuantizationDetails(stored.details_type()));
  }
  const auto* scales = stored.scale();
  const auto* zeros = stored.zero_point();
  // Converters write ranges and scales on float tensors too; those do not make them quantized.
  if (scales == nullptr || scales->size() == 0 || is_float(info.dtype) || info.dtype == DType::boolean) return {};
  QUERN_CHECK(check_scales(*scales));
  if (scales->size() == 1 && scales->Get(0) == 0) return {};
  if (zeros != nullptr && zeros->size() != 0 && zeros->size() != scales->size()) {
    return fail(ErrorCode::invalid_file, "its quantization has {} scales but {} zero points", scales->size(),
                zeros->size());
  }
  int axis = scales->size() > 1 ? stored.quantized_dimension() : 0;
  if (scales->size() > 1 && info.shape.size() == 1 && axis != 0) {
    axis = 0;
    if (axis_mended_++ == 0) axis_example_ = info.name;
  }
  if (scales->size() > 1) {
    const bool inside = axis >= 0 && axis < static_cast<int>(info.shape.size());
    if (!inside || info.shape[static_cast<size_t>(axis)] != static_cast<int64_t>(scales->size())) {
      return fail(ErrorCode::invalid_file, "its quantization has {} scales along axis {}, which does not fit shape {}",
                  scales->size(), axis, to_string(info.shape));
    }
  }
  QUERN_CHECK(budget.charge(int64_t{8} * scales->size()));
  info.quantization.axis = axis;
  info.quantization.scales.assign(scales->begin(), scales->end());
  for (uint32_t i = 0; i < scales->size(); ++i) {
    const int64_t zero = zeros == nullptr || zeros->size() == 0 ? 0 : zeros->Get(i);
    if (zero < std::numeric_limits<int32_t>::min() || zero > std::numeric_limits<int32_t>::max()) {
      return fail(ErrorCode::invalid_file, "its quantization has the zero point {}, which no {} can hold", zero,
                  to_string(info.dtype));
    }
    info.quantization.zero_points.push_back(static_cast<int32_t>(zero));
  }
  return {};
}

Result<Tensor> Tensors::constant(int index) {
  QUERN_TRY(const TensorInfo* info, this->info(index));
  const bool half = info->dtype == DType::float16;
  QUERN_CHECK(budget.charge(static_cast<int64_t>(info->bytes.size()) * (half ? 2 : 1)));
  QUERN_TRY(Tensor tensor, Tensor::make(half ? DType::float32 : info->dtype, info->shape));
  if (half) {
    for (int64_t i = 0; i < tensor.size(); ++i) {
      uint16_t bits = 0;
      std::memcpy(&bits, info->bytes.data() + 2 * i, 2);
      tensor.mutable_data<float>()[static_cast<size_t>(i)] = half_to_float(bits);
    }
  } else if (info->dtype == DType::boolean) {  // any other byte than 0 and 1 would not be a bool
    std::transform(info->bytes.begin(), info->bytes.end(), static_cast<uint8_t*>(tensor.mutable_raw()),
                   [](std::byte b) { return b == std::byte{0} ? uint8_t{0} : uint8_t{1}; });
  } else if (!info->bytes.empty()) {
    std::memcpy(tensor.mutable_raw(), info->bytes.data(), info->bytes.size());
  }
  tensor.quantization = info->quantization;
  return tensor;
}

std::vector<std::string> Tensors::notes() const {
  std::vector<std::string> notes;
  if (renamed_ > 0) {
    notes.push_back(
        fmt::format("{} tensors had an empty, repeated or unprintable name and got one of their own, e.g. '{}'",
                    renamed_, renamed_example_));
  }
  if (axis_mended_ > 0) {
    notes.push_back(fmt::format(
        "{} one-dimensional tensors, e.g. '{}', said they were quantized along another axis than 0; axis 0 was taken",
        axis_mended_, axis_example_));
  }
  return notes;
}

}  // namespace quern::tflite
