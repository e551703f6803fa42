#include "read/onnx/context.h"

#include <cmath>

namespace quern::onnx {

Status Context::claim(const std::string& name) {
  if (given_.insert(name).second) return {};
  return fail(ErrorCode::invalid_file, "the name '{}' is given twice; every value must have one source", name);
}

std::string Context::unique(const std::string& wish) {
  std::string name = wish;
  while (!taken_.insert(name).second) name = fmt::format("{}_{}", wish, ++suffixes_[wish]);
  return name;
}

ValueId Context::find(const std::string& name) const {
  const auto found = values_.find(name);
  return found != values_.end() ? found->second : kNoValue;
}

Result<ValueId> Context::read(const std::string& name) {
  if (const ValueId id = find(name); id != kNoValue) return id;
  if (const auto constant = constants.find(name); constant != constants.end()) {
    const ValueId id = graph.add_constant(name, constant->second);
    ranks_.resize(graph.values.size(), static_cast<int>(constant->second.rank()));
    values_[name] = id;
    return id;
  }
  if (const auto source = dequantized.find(name); source != dequantized.end()) {
    return materialize(name, source->second);
  }
  return fail(ErrorCode::invalid_file, "'{}' is read, but no input, initializer or earlier node gives it",
              name.substr(0, 200));
}

Result<ValueId> Context::materialize(const std::string& name, const Dequantized& source) {
  if (const Tensor* stored = constant(source.quantized)) {
    QUERN_TRY(Tensor real, dequantize(*stored));
    made_bytes_ += real.bytes();
    values_[name] = graph.add_constant(name, std::move(real));
    ranks_.resize(graph.values.size(), rank(source.quantized));
    return values_[name];
  }
  Value value;
  value.name = half_outputs.contains(name) ? unique(name + "@float32") : name;
  const ValueId id = add(std::move(value), rank(source.quantized));
  push(OpKind::Dequantize, source.op_name, {source.quantized}, {id}, NoAttrs{}, "DequantizeLinear");
  values_[name] = id;
  return id;
}

ValueId Context::add(Value value, int rank) {
  ranks_.push_back(rank);
  return graph.add_value(std::move(value));
}

Result<ValueId> Context::define(const std::string& name, DType dtype, Quantization quantization) {
  QUERN_CHECK(claim(name));
  Value value;
  value.name = half_outputs.contains(name) ? unique(name + "@float32") : name;
  value.dtype = dtype;
  value.quantization = std::move(quantization);
  const auto hint = rank_hints.find(name);
  const ValueId id = add(std::move(value), hint != rank_hints.end() ? hint->second : -1);
  values_[name] = id;
  return id;
}

Status Context::define_input(Value value) {
  QUERN_CHECK(claim(value.name));
  const std::string name = value.name;
  const bool half = value.dtype == DType::float16;
  const auto rank_of_input = static_cast<int>(value.shape.size());
  const ValueId outside = add(std::move(value), rank_of_input);
  graph.inputs.push_back(outside);
  values_[name] = outside;
  if (!half) return {};
  Value inside;
  inside.name = unique(name + "@float32");
  values_[name] = add(std::move(inside), rank_of_input);
  emit_helper(OpKind::Cast, {outside}, values_[name], CastAttrs{DType::float32});
  return {};
}

Result<ValueId> Context::outside_value(const std::string& name, ValueId id) {
  if (!half_outputs.contains(name)) return id;
  Value value;
  value.name = taken_.contains(name) && graph.value(id).name != name ? name : unique(name);
  value.dtype = DType::float16;
  const ValueId outside = add(std::move(value), rank(id));
  emit_helper(OpKind::Cast, {id}, outside, CastAttrs{DType::float16});
  return outside;
}

Status Context::define_constant(const std::string& name, Tensor tensor) {
  QUERN_CHECK(claim(name));
  made_bytes_ += tensor.bytes();
  ranks_.push_back(static_cast<int>(tensor.rank()));
  values_[name] = graph.add_constant(name, std::move(tensor));
  return {};
}

ValueId Context::make_like(const std::string& wish, ValueId like) {
  Value value;
  value.name = unique(wish);
  value.dtype = graph.value(like).dtype;
  value.quantization = graph.value(like).quantization;
  return add(std::move(value), -1);
}

ValueId Context::make_constant(const std::string& wish, Tensor tensor) {
  made_bytes_ += tensor.bytes();
  const auto rank_of_tensor = static_cast<int>(tensor.rank());
  const ValueId id = graph.add_constant(unique(wish), std::move(tensor));
  ranks_.push_back(rank_of_tensor);
  return id;
}

ValueId Context::make_ints(const std::string& wish, const Ints& ints) {
  auto tensor = Tensor::make(DType::int64, {static_cast<int64_t>(ints.size())});
  if (!tensor.ok()) return kNoValue;
  std::copy(ints.begin(), ints.end(), tensor->mutable_data<int64_t>().begin());
  return make_constant(wish, *std::move(tensor));
}

void Context::push(OpKind kind, const std::string& name, std::vector<ValueId> inputs, std::vector<ValueId> outputs,
                   Attrs attrs, std::string source_kind) {
  while (!inputs.empty() && inputs.back() == kNoValue) inputs.pop_back();
  while (outputs.size() > 1 && outputs.back() == kNoValue) outputs.pop_back();
  std::string op_name = name;
  while (!op_names_.insert(op_name).second) op_name = fmt::format("{}_{}", name, ++suffixes_[name]);
  Op& op = graph.add_op(kind, std::move(op_name), std::move(inputs), std::move(outputs));
  op.attrs = std::move(attrs);
  op.source_kind = std::move(source_kind);
  const int rank_of_outputs = output_rank(graph, op, ranks_);
  for (const ValueId id : op.outputs) {
    if (id != kNoValue && ranks_[static_cast<size_t>(id)] < 0) ranks_[static_cast<size_t>(id)] = rank_of_outputs;
  }
}

void Context::emit(const Node& node, OpKind kind, std::vector<ValueId> inputs, std::vector<ValueId> outputs,
                   Attrs attrs) {
  push(kind, node.name, std::move(inputs), std::move(outputs), std::move(attrs), node.kind);
}

void Context::emit(const Node& node, OpKind kind, std::vector<ValueId> inputs, std::vector<ValueId> outputs) {
  emit(node, kind, std::move(inputs), std::move(outputs), default_attrs(kind));
}

void Context::emit_helper(OpKind kind, std::vector<ValueId> inputs, ValueId output, Attrs attrs,
                          const std::string& source_kind) {
  const std::string name = graph.value(output).name;
  push(kind, name, std::move(inputs), {output}, std::move(attrs), source_kind);
}

int Context::rank(ValueId id) const {
  return id == kNoValue ? -1 : ranks_[static_cast<size_t>(id)];
}

const Tensor* Context::constant(ValueId id) const {
  return graph.is_constant(id) ? &*graph.value(id).constant : nullptr;
}

std::optional<Ints> Context::constant_ints(ValueId id) const {
  const Tensor* tensor = constant(id);
  if (tensor == nullptr) return std::nullopt;
  if (tensor->dtype() == DType::int64) return Ints(tensor->data<int64_t>().begin(), tensor->data<int64_t>().end());
  if (tensor->dtype() == DType::int32) return Ints(tensor->data<int32_t>().begin(), tensor->data<int32_t>().end());
  return std::nullopt;
}

std::optional<std::vector<float>> Context::constant_floats(ValueId id) const {
  const Tensor* tensor = constant(id);
  if (tensor == nullptr || tensor->dtype() != DType::float32) return std::nullopt;
  return std::vector<float>(tensor->data<float>().begin(), tensor->data<float>().end());
}

Status Context::within_budget() const {
  const int64_t limit = 16 * (file_bytes_ + external.bytes()) + (int64_t{64} << 20);
  if (made_bytes_ <= limit) return {};
  return fail(ErrorCode::out_of_memory,
              "with it the model makes {} bytes of constants, beyond the limit of {} for its size", made_bytes_, limit);
}

Result<ValueId> Context::set_quantization(ValueId id, const Quantization& quantization) {
  Value& value = graph.value(id);
  if (value.quantization == quantization) return id;
  if (!value.quantization.empty() && value.constant) {
    Tensor copy = *value.constant;
    copy.quantization = quantization;
    return make_constant(value.name, std::move(copy));
  }
  if (!value.quantization.empty()) {
    return fail(ErrorCode::unsupported,
                "the value '{}' is read with two different scales or zero points ({}, {} and {}, {}); quantize it anew "
                "between the two",
                value.name, value.quantization.scales[0], value.quantization.zero_points[0], quantization.scales[0],
                quantization.zero_points[0]);
  }
  if (plain_.contains(id)) {
    return fail(ErrorCode::unsupported,
                "the integers of '{}' are read as plain numbers by one node and as quantized ones by another",
                value.name);
  }
  value.quantization = quantization;
  if (value.constant) value.constant->quantization = quantization;
  return id;
}

namespace {

template <typename T>
void dequantize_into(const Tensor& tensor, std::span<float> out) {
  const Quantization& q = tensor.quantization;
  int64_t inner = 1;
  int64_t channels = 1;
  if (q.per_axis()) {
    const auto axis = static_cast<size_t>(q.axis);
    channels = tensor.shape()[axis];
    for (size_t i = axis + 1; i < tensor.shape().size(); ++i) inner *= tensor.shape()[i];
  }
  const T* in = static_cast<const T*>(tensor.raw());
  for (size_t i = 0; i < out.size(); ++i) {
    const size_t c = q.per_axis() ? (i / static_cast<size_t>(inner)) % static_cast<size_t>(channels) : 0;
    // An int32 bias may be beyond float's 24 bits: subtract as integers, round once.
    out[i] = static_cast<float>(static_cast<int64_t>(in[i]) - q.zero_points[c]) * q.scales[c];
  }
}

}  // namespace

Result<Tensor> dequantize(const Tensor& tensor) {
  QUERN_TRY(Tensor real, Tensor::make(DType::float32, tensor.shape()));
  switch (tensor.dtype()) {
    case DType::int8:
      dequantize_into<int8_t>(tensor, real.mutable_data<float>());
      break;
    case DType::uint8:
      dequantize_into<uint8_t>(tensor, real.mutable_data<float>());
      break;
    case DType::int32:
      dequantize_into<int32_t>(tensor, real.mutable_data<float>());
      break;
    default:
      return fail(ErrorCode::internal, "dequantize was given elements of type {}", to_string(tensor.dtype()));
  }
  return real;
}

}  // namespace quern::onnx
