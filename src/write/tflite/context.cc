#include "write/tflite/context.h"

#include <algorithm>
#include <cstring>

namespace quern::tflite_writer {

namespace {

/// Only types that `supported` let pass.
schema::TensorType type_of(DType dtype) {
  using T = schema::TensorType;
  switch (dtype) {
    case DType::float32:
      return T::FLOAT32;
    case DType::float16:
      return T::FLOAT16;
    case DType::float64:
      return T::FLOAT64;
    case DType::int8:
      return T::INT8;
    case DType::uint8:
      return T::UINT8;
    case DType::int16:
      return T::INT16;
    case DType::uint16:
      return T::UINT16;
    case DType::int32:
      return T::INT32;
    case DType::uint32:
      return T::UINT32;
    case DType::int64:
      return T::INT64;
    case DType::uint64:
      return T::UINT64;
    case DType::boolean:
      break;
  }
  return T::BOOL;
}

/// Which slice of the quantization's axis each element lies in: element / inner % extent.
struct Slices {
  int64_t inner = 1;
  int64_t extent = 1;
};

Slices slices_of(const Shape& shape, const Quantization& quantization) {
  Slices slices;
  if (!quantization.per_axis()) return slices;
  const auto axis = static_cast<size_t>(quantization.axis);
  slices.extent = shape[axis];
  for (size_t i = axis + 1; i < shape.size(); ++i) slices.inner *= shape[i];
  return slices;
}

template <typename T>
void dequantize_into(Tensor& out, const Tensor& in, const Quantization& quantization) {
  const Slices slices = slices_of(in.shape(), quantization);
  const auto from = in.data<T>();
  const auto to = out.mutable_data<float>();
  for (size_t i = 0; i < from.size(); ++i) {
    const auto c = static_cast<size_t>(static_cast<int64_t>(i) / slices.inner % slices.extent);
    const auto steps = static_cast<int64_t>(from[i]) - quantization.zero_points[c];
    to[i] = static_cast<float>(steps) * quantization.scales[c];
  }
}

std::unique_ptr<schema::QuantizationT> stored(const Quantization& quantization) {
  if (quantization.empty()) return nullptr;
  auto stored = std::make_unique<schema::QuantizationT>();
  stored->scale = quantization.scales;
  stored->zero_point.assign(quantization.zero_points.begin(), quantization.zero_points.end());
  stored->quantized_dimension = quantization.per_axis() ? quantization.axis : 0;
  return stored;
}

}  // namespace

Tensor dequantized(const Tensor& tensor, const Quantization& quantization) {
  Tensor out = *Tensor::make(DType::float32, tensor.shape());
  if (tensor.dtype() == DType::int8) dequantize_into<int8_t>(out, tensor, quantization);
  if (tensor.dtype() == DType::uint8) dequantize_into<uint8_t>(out, tensor, quantization);
  if (tensor.dtype() == DType::int16) dequantize_into<int16_t>(out, tensor, quantization);
  if (tensor.dtype() == DType::int32) dequantize_into<int32_t>(out, tensor, quantization);
  return out;
}

Context::Context(const Graph& of_graph) : graph(of_graph), of_value_(of_graph.values.size(), kNone) {
  for (const Value& value : graph.values) names_.insert(value.name);
}

std::string Context::unique(const std::string& wish) {
  std::string name = wish;
  for (int i = 1; !names_.insert(name).second; ++i) name = fmt::format("{}_{}", wish, i);
  return name;
}

int Context::keep(FileTensor tensor) {
  tensors_.push_back(std::move(tensor));
  return static_cast<int>(tensors_.size()) - 1;
}

int Context::value(ValueId id) {
  if (id == kNoValue) return kNone;
  int& index = of_value_[static_cast<size_t>(id)];
  if (index != kNone) return index;
  const Value& value = graph.value(id);
  const bool free = !given_away_.contains(id);
  index = keep({free ? value.name : unique(value.name), value.dtype, value.shape, value.quantization, value.constant});
  return index;
}

int Context::add(const std::string& wish, DType dtype, const Shape& shape, const Quantization& quantization) {
  return keep({unique(wish), dtype, shape, quantization, std::nullopt});
}

int Context::constant(const std::string& wish, const Tensor& tensor) {
  return keep({unique(wish), tensor.dtype(), tensor.shape(), tensor.quantization, tensor});
}

int Context::constant_for(ValueId id, const Tensor& tensor) {
  const bool free = of_value_[static_cast<size_t>(id)] == kNone && given_away_.insert(id).second;
  if (!free) return constant(graph.value(id).name, tensor);
  return keep({graph.value(id).name, tensor.dtype(), tensor.shape(), tensor.quantization, tensor});
}

int Context::ints(const Ints& list) {
  const auto found = lists_.find(list);
  if (found != lists_.end()) return found->second;
  Tensor tensor = *Tensor::make(DType::int32, {static_cast<int64_t>(list.size())});
  std::ranges::transform(list, tensor.mutable_data<int32_t>().begin(),
                         [](int64_t number) { return static_cast<int32_t>(number); });
  return lists_[list] = constant("numbers", tensor);
}

int Context::scalar(int32_t number) {
  return constant("number", Tensor::of<int32_t>({}, {number}));
}

int Context::real(int index) {
  if (index == kNone || tensor(index).quantization.empty()) return index;
  const auto found = reals_.find(index);
  if (found != reals_.end()) return found->second;
  const FileTensor from = tensor(index);
  const std::string wish = from.name + "_dequantized";
  const int to = from.constant ? constant(wish, dequantized(*from.constant, from.quantization))
                               : add(wish, DType::float32, from.shape);
  if (!from.constant) op(B::DEQUANTIZE, {index}, {to});
  return reals_[index] = to;
}

uint32_t Context::operator_code(B code, int version) {
  const std::pair<B, int> wanted{code, version};
  const auto found = std::ranges::find(codes_, wanted);
  if (found != codes_.end()) return static_cast<uint32_t>(found - codes_.begin());
  codes_.push_back(wanted);
  return static_cast<uint32_t>(codes_.size()) - 1;
}

void Context::append(B code, const Indices& inputs, const Indices& outputs, schema::BuiltinOptionsUnion options) {
  const auto all = [&](const Indices& indices) {
    std::vector<const FileTensor*> found;
    for (int index : indices) found.push_back(index == kNone ? nullptr : &tensor(index));
    return found;
  };
  schema::OperatorT stored;
  stored.opcode_index = operator_code(code, version_of(code, all(inputs), all(outputs), options));
  stored.inputs.assign(inputs.begin(), inputs.end());
  stored.outputs.assign(outputs.begin(), outputs.end());
  stored.builtin_options = std::move(options);
  operators_.push_back(std::move(stored));
}

Status Context::check_size() const {
  // Offsets of a flatbuffer have 31 bits; all but the constants takes well below 1 KiB a tensor or operator.
  constexpr int64_t kLimit = int64_t{1} << 31;
  int64_t bytes = static_cast<int64_t>(tensors_.size() + operators_.size()) * 1024;
  for (const FileTensor& tensor : tensors_) bytes += tensor.constant ? tensor.constant->bytes() : 0;
  if (bytes < kLimit) return {};
  return fail(ErrorCode::out_of_memory, "the model takes {} bytes; a TFLite file holds less than 2 GiB", bytes);
}

namespace {

schema::TensorT stored(const FileTensor& tensor, std::vector<std::unique_ptr<schema::BufferT>>& buffers) {
  schema::TensorT out;
  out.name = tensor.name;
  out.type = type_of(tensor.dtype);
  for (int64_t extent : tensor.shape) out.shape.push_back(static_cast<int32_t>(extent));
  out.quantization = stored(tensor.quantization);
  if (!tensor.constant || tensor.constant->empty()) return out;
  auto buffer = std::make_unique<schema::BufferT>();
  const auto* bytes = static_cast<const uint8_t*>(tensor.constant->raw());
  buffer->data.assign(bytes, bytes + tensor.constant->bytes());
  out.buffer = static_cast<uint32_t>(buffers.size());
  buffers.push_back(std::move(buffer));
  return out;
}

std::unique_ptr<schema::OperatorCodeT> stored(B code, int version) {
  // Old readers know only the narrow field, which ends at 127: PLACEHOLDER_FOR_GREATER_OP_CODES.
  auto out = std::make_unique<schema::OperatorCodeT>();
  out->deprecated_builtin_code = static_cast<int8_t>(std::min(static_cast<int>(code), 127));
  out->builtin_code = static_cast<int>(code);
  out->version = version;
  return out;
}

}  // namespace

Result<std::string> Context::bytes(const std::string& producer) {
  QUERN_CHECK(check_size());
  schema::ModelT model;
  model.version = 3;
  model.description = producer;
  model.buffers.push_back(std::make_unique<schema::BufferT>());  // buffer 0 stands for none
  auto subgraph = std::make_unique<schema::SubGraphT>();
  subgraph->name = graph.name.empty() ? "main" : graph.name;
  for (ValueId id : graph.inputs) subgraph->inputs.push_back(value(id));
  for (ValueId id : graph.outputs) subgraph->outputs.push_back(value(id));
  for (const FileTensor& tensor : tensors_) {
    subgraph->tensors.push_back(std::make_unique<schema::TensorT>(stored(tensor, model.buffers)));
  }
  for (schema::OperatorT& op : operators_)
    subgraph->operators.push_back(std::make_unique<schema::OperatorT>(std::move(op)));
  for (const auto& [code, version] : codes_) model.operator_codes.push_back(stored(code, version));
  model.subgraphs.push_back(std::move(subgraph));
  flatbuffers::FlatBufferBuilder builder;
  schema::FinishModelBuffer(builder, schema::Model::Pack(builder, &model));
  return std::string(reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize());
}

}  // namespace quern::tflite_writer
