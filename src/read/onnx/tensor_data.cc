#include "read/onnx/tensor_data.h"

#include <bit>
#include <cstring>

#include "base/error.h"
#include "base/half.h"

namespace quern::onnx {

static_assert(std::endian::native == std::endian::little, "raw_data is little endian and is copied as it is");

namespace {

enum class Field : uint8_t { none, floats, int32s, int64s, doubles, uint64s };

struct TypeRow {
  int32_t type;
  const char* name;
  bool read;      ///< constants of this type can be read
  DType storage;  ///< as it lies in the file
  Field field;    ///< where it lies when it is not raw
};

constexpr TypeRow kTypes[] = {
    {TensorProto::FLOAT, "FLOAT", true, DType::float32, Field::floats},
    {TensorProto::UINT8, "UINT8", true, DType::uint8, Field::int32s},
    {TensorProto::INT8, "INT8", true, DType::int8, Field::int32s},
    {TensorProto::UINT16, "UINT16", true, DType::uint16, Field::int32s},
    {TensorProto::INT16, "INT16", true, DType::int16, Field::int32s},
    {TensorProto::INT32, "INT32", true, DType::int32, Field::int32s},
    {TensorProto::INT64, "INT64", true, DType::int64, Field::int64s},
    {TensorProto::BOOL, "BOOL", true, DType::boolean, Field::int32s},
    {TensorProto::FLOAT16, "FLOAT16", true, DType::float16, Field::int32s},
    {TensorProto::DOUBLE, "DOUBLE", true, DType::float64, Field::doubles},
    {TensorProto::UINT32, "UINT32", true, DType::uint32, Field::uint64s},
    {TensorProto::UINT64, "UINT64", true, DType::uint64, Field::uint64s},
    {TensorProto::BFLOAT16, "BFLOAT16", true, DType::uint16, Field::int32s},
    {TensorProto::UNDEFINED, "UNDEFINED", false, DType::uint8, Field::none},
    {TensorProto::STRING, "STRING", false, DType::uint8, Field::none},
    {TensorProto::COMPLEX64, "COMPLEX64", false, DType::uint8, Field::none},
    {TensorProto::COMPLEX128, "COMPLEX128", false, DType::uint8, Field::none},
    {TensorProto::FLOAT8E4M3FN, "FLOAT8E4M3FN", false, DType::uint8, Field::none},
    {TensorProto::FLOAT8E4M3FNUZ, "FLOAT8E4M3FNUZ", false, DType::uint8, Field::none},
    {TensorProto::FLOAT8E5M2, "FLOAT8E5M2", false, DType::uint8, Field::none},
    {TensorProto::FLOAT8E5M2FNUZ, "FLOAT8E5M2FNUZ", false, DType::uint8, Field::none},
    {TensorProto::UINT4, "UINT4", false, DType::uint8, Field::none},
    {TensorProto::INT4, "INT4", false, DType::uint8, Field::none},
    {TensorProto::FLOAT4E2M1, "FLOAT4E2M1", false, DType::uint8, Field::none},
};

const TypeRow* row_of(int32_t type) {
  for (const TypeRow& row : kTypes) {
    if (row.type == type) return &row;
  }
  return nullptr;
}

Error refuse_type(int32_t type) {
  return fail(ErrorCode::unsupported,
              "elements of type {} are not read; known are FLOAT, FLOAT16, BFLOAT16 (constants), DOUBLE, BOOL and the "
              "integers of 8 to 64 bits",
              type_name(type));
}

template <typename To, typename From>
void copy_elements(const From& from, Tensor& to) {
  To* out = static_cast<To*>(to.mutable_raw());
  for (const auto value : from) *out++ = static_cast<To>(value);
}

/// `from` holds one element an entry; int32_data stores all narrow types, halves as their bits.
template <typename From>
Status copy_field(const From& from, Tensor& to) {
  if (from.size() != to.size()) {
    return fail(ErrorCode::invalid_file, "its shape {} needs {} elements, but {} are stored", to_string(to.shape()),
                to.size(), from.size());
  }
  switch (size_of(to.dtype())) {
    case 1:
      copy_elements<uint8_t>(from, to);
      break;
    case 2:
      copy_elements<uint16_t>(from, to);
      break;
    case 4:
      copy_elements<uint32_t>(from, to);
      break;
    default:
      copy_elements<uint64_t>(from, to);
      break;
  }
  return {};
}

template <typename T, typename From>
Status copy_real(const From& from, Tensor& to) {
  if (from.size() != to.size()) {
    return fail(ErrorCode::invalid_file, "its shape {} needs {} elements, but {} are stored", to_string(to.shape()),
                to.size(), from.size());
  }
  copy_elements<T>(from, to);
  return {};
}

Status copy_typed(const TensorProto& proto, Field field, Tensor& to) {
  switch (field) {
    case Field::floats:
      return copy_real<float>(proto.float_data(), to);
    case Field::doubles:
      return copy_real<double>(proto.double_data(), to);
    case Field::int32s:
      return copy_field(proto.int32_data(), to);
    case Field::int64s:
      return copy_field(proto.int64_data(), to);
    case Field::uint64s:
      return copy_field(proto.uint64_data(), to);
    case Field::none:
      break;
  }
  return {};
}

Status copy_raw(const std::string& raw, Tensor& to) {
  if (static_cast<int64_t>(raw.size()) != to.bytes()) {
    return fail(ErrorCode::invalid_file, "its shape {} needs {} bytes, but {} are stored", to_string(to.shape()),
                to.bytes(), raw.size());
  }
  if (!raw.empty()) std::memcpy(to.mutable_raw(), raw.data(), raw.size());
  return {};
}

Result<Tensor> widen(const Tensor& halves, bool brain) {
  QUERN_TRY(Tensor wide, Tensor::make(DType::float32, halves.shape()));
  const auto* in = static_cast<const uint16_t*>(halves.raw());
  for (float& out : wide.mutable_data<float>()) {
    out = brain ? std::bit_cast<float>(static_cast<uint32_t>(*in) << 16) : half_to_float(*in);
    ++in;
  }
  return wide;
}

/// How many bytes the file itself shows for the tensor. Checked before anything is allocated.
int64_t stored_bytes(const TensorProto& proto, const TypeRow& row) {
  const auto unit = static_cast<int64_t>(size_of(row.storage));
  if (proto.has_raw_data()) return static_cast<int64_t>(proto.raw_data().size());
  switch (row.field) {
    case Field::floats:
      return proto.float_data_size() * unit;
    case Field::int32s:
      return proto.int32_data_size() * unit;
    case Field::int64s:
      return proto.int64_data_size() * unit;
    case Field::doubles:
      return proto.double_data_size() * unit;
    case Field::uint64s:
      return proto.uint64_data_size() * unit;
    case Field::none:
      break;
  }
  return 0;
}

Result<Tensor> read_stored(const TensorProto& proto, const TypeRow& row, ExternalData& external) {
  if (proto.has_segment()) return fail(ErrorCode::unsupported, "it is stored in segments, which are not read");
  const Shape shape(proto.dims().begin(), proto.dims().end());
  if (shape.size() > 16) return fail(ErrorCode::invalid_file, "it has {} axes; at most 16 are read", shape.size());
  QUERN_TRY(const int64_t count, element_count(shape));
  const bool outside = proto.data_location() == TensorProto::EXTERNAL;
  const int64_t needed = count * static_cast<int64_t>(size_of(row.storage));
  if (!outside && stored_bytes(proto, row) != needed) {
    return fail(ErrorCode::invalid_file, "its shape {} of {} needs {} bytes, but {} are stored", to_string(shape),
                row.name, needed, stored_bytes(proto, row));
  }
  QUERN_TRY(Tensor tensor, Tensor::make(row.storage, shape));
  if (outside) {
    QUERN_CHECK(external.read(proto, {static_cast<std::byte*>(tensor.mutable_raw()), static_cast<size_t>(needed)}));
  } else if (proto.has_raw_data()) {
    QUERN_CHECK(copy_raw(proto.raw_data(), tensor));
  } else {
    QUERN_CHECK(copy_typed(proto, row.field, tensor));
  }
  return tensor;
}

void make_truth_values_0_or_1(Tensor& tensor) {
  for (uint8_t& byte : std::span(static_cast<uint8_t*>(tensor.mutable_raw()), static_cast<size_t>(tensor.size()))) {
    byte = byte != 0 ? 1 : 0;
  }
}

Result<Tensor> read_unnamed(const TensorProto& proto, ExternalData& external) {
  const TypeRow* row = row_of(proto.data_type());
  if (row == nullptr || !row->read) return refuse_type(proto.data_type());
  QUERN_TRY(Tensor tensor, read_stored(proto, *row, external));
  if (row->type == TensorProto::FLOAT16 || row->type == TensorProto::BFLOAT16) {
    return widen(tensor, row->type == TensorProto::BFLOAT16);
  }
  if (row->type == TensorProto::BOOL) make_truth_values_0_or_1(tensor);
  return tensor;
}

}  // namespace

std::string type_name(int32_t data_type) {
  const TypeRow* row = row_of(data_type);
  return row != nullptr ? row->name : fmt::format("number {}", data_type);
}

Result<DType> element_type(int32_t data_type) {
  const TypeRow* row = row_of(data_type);
  if (row == nullptr || !row->read || row->type == TensorProto::BFLOAT16) return refuse_type(data_type);
  return row->storage;
}

Result<Tensor> read_tensor(const TensorProto& proto, ExternalData& external) {
  auto tensor = read_unnamed(proto, external);
  if (tensor.ok()) return tensor;
  Error error = tensor.error();
  error.message = fmt::format("tensor '{}': {}", proto.name(), error.message);
  return error;
}

}  // namespace quern::onnx
