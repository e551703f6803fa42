#include "read/tflite/node.h"

#include <algorithm>
#include <limits>

namespace quern::tflite {

namespace {

std::vector<int> to_vector(const flatbuffers::Vector<int32_t>* list) {
  return list == nullptr ? std::vector<int>() : std::vector<int>(list->begin(), list->end());
}

template <typename T>
double element_as_real(const Tensor& tensor) {
  return static_cast<double>(tensor.data<T>()[0]);
}

double first_as_real(const Tensor& tensor) {
  switch (tensor.dtype()) {
    case DType::float32:
      return element_as_real<float>(tensor);
    case DType::float64:
      return element_as_real<double>(tensor);
    case DType::int8:
      return element_as_real<int8_t>(tensor);
    case DType::uint8:
      return element_as_real<uint8_t>(tensor);
    case DType::int16:
      return element_as_real<int16_t>(tensor);
    case DType::uint16:
      return element_as_real<uint16_t>(tensor);
    case DType::int32:
      return element_as_real<int32_t>(tensor);
    case DType::uint32:
      return element_as_real<uint32_t>(tensor);
    case DType::int64:
      return element_as_real<int64_t>(tensor);
    case DType::uint64:
      return element_as_real<uint64_t>(tensor);
    case DType::boolean:
      return element_as_real<uint8_t>(tensor);
    case DType::float16:
      break;  // constants of float16 are float32 by now
  }
  return 0;
}

}  // namespace

Node::Node(Importer& importer, const schema::Operator& stored, const Row& row, std::string kind)
    : importer_(importer), stored_(stored), row_(row), kind_(std::move(kind)) {}

Status Node::open() {
  const int64_t operands = (stored_.inputs() == nullptr ? 0 : stored_.inputs()->size()) +
                           int64_t{stored_.outputs() == nullptr ? 0 : stored_.outputs()->size()};
  QUERN_CHECK(importer_.tensors.budget.charge(operands * 32));
  inputs_ = to_vector(stored_.inputs());
  outputs_ = to_vector(stored_.outputs());
  for (const int tensor : outputs_) {
    QUERN_TRY(const TensorInfo* info, importer_.tensors.info(tensor));
    output_infos_.push_back(info);
    if (name_.empty()) name_ = info->name;
  }
  QUERN_CHECK(check_counts());
  for (const int tensor : inputs_) {
    const TensorInfo* info = nullptr;
    if (tensor != -1) {
      QUERN_TRY(info, importer_.tensors.info(tensor));
      QUERN_TRY(const bool usable, importer_.usable(tensor));
      if (!usable)
        return fail(ErrorCode::invalid_file, "it reads tensor {} '{}' before anything makes it", tensor, info->name);
    }
    input_infos_.push_back(info);
  }
  for (int i = 0; i < row_.min_inputs; ++i) {
    if (!has(i)) return fail(ErrorCode::invalid_file, "its input {} is absent", i);
  }
  for (const int tensor : outputs_) {
    QUERN_TRY(const ValueId id, importer_.define(tensor, false));
    results_.push_back(id);
  }
  return {};
}

Status Node::check_counts() const {
  const bool too_many = row_.max_inputs >= 0 && inputs() > row_.max_inputs;
  if (inputs() < row_.min_inputs || too_many) {
    return fail(ErrorCode::invalid_file, "it has {} inputs, but takes {} {}", inputs(),
                too_many ? "at most" : "at least", too_many ? row_.max_inputs : row_.min_inputs);
  }
  if (row_.outputs >= 0 ? outputs() != row_.outputs : outputs() < 1) {
    return fail(ErrorCode::invalid_file, "it has {} outputs, but gives {}", outputs(),
                row_.outputs >= 0 ? std::to_string(row_.outputs) : "at least 1");
  }
  return {};
}

bool Node::is_empty_constant(int i) const {
  const Shape& shape = input(i).shape;
  return std::find(shape.begin(), shape.end(), 0) != shape.end();
}

Result<ValueId> Node::value(int i) {
  if (!has(i)) return fail(ErrorCode::invalid_file, "its input {} is absent", i);
  return importer_.use(input_tensor(i));
}

Result<ValueId> Node::optional_value(int i) {
  if (!has(i)) return kNoValue;
  return importer_.use(input_tensor(i));
}

Result<std::vector<ValueId>> Node::all_values(int first) {
  std::vector<ValueId> ids;
  for (int i = first; i < inputs(); ++i) {
    QUERN_TRY(const ValueId id, value(i));
    ids.push_back(id);
  }
  return ids;
}

Result<Ints> Node::ints(int i, const char* what) {
  if (!is_constant(i)) {
    return fail(ErrorCode::unsupported,
                "its {} come from the data that flows through the model; Quern needs them to be constants, so export "
                "the model with "
                "fixed shapes",
                what);
  }
  const TensorInfo& info = input(i);
  if (info.dtype != DType::int32 && info.dtype != DType::int64) {
    return fail(ErrorCode::invalid_file, "its {} are {}; they must be int32 or int64", what, to_string(info.dtype));
  }
  QUERN_TRY(const Tensor tensor, importer_.tensors.constant(input_tensor(i)));
  if (info.dtype == DType::int64) return Ints(tensor.data<int64_t>().begin(), tensor.data<int64_t>().end());
  return Ints(tensor.data<int32_t>().begin(), tensor.data<int32_t>().end());
}

Result<int64_t> Node::scalar_int(int i, const char* what) {
  QUERN_TRY(const Ints list, ints(i, what));
  if (list.size() != 1)
    return fail(ErrorCode::invalid_file, "its {} has {} elements; it must be one number", what, list.size());
  return list[0];
}

Result<double> Node::scalar_real(int i, const char* what) {
  if (!is_constant(i)) return fail(ErrorCode::unsupported, "its {} is not a constant", what);
  QUERN_TRY(const Tensor tensor, importer_.tensors.constant(input_tensor(i)));
  if (tensor.size() != 1)
    return fail(ErrorCode::invalid_file, "its {} has {} elements; it must be one number", what, tensor.size());
  const double stored = first_as_real(tensor);
  if (tensor.quantization.empty()) return stored;
  return (stored - tensor.quantization.zero_points[0]) * static_cast<double>(tensor.quantization.scales[0]);
}

Op& Node::add(OpKind op_kind, std::vector<ValueId> op_inputs, std::vector<ValueId> op_outputs) {
  const bool last = !op_outputs.empty() && op_outputs[0] == results_[0];
  const std::string op_name = last ? name_ : graph().value(op_outputs[0]).name;
  Op& op = graph().add_op(op_kind, op_name, std::move(op_inputs), std::move(op_outputs));
  op.source_kind = kind_;
  return op;
}

ValueId Node::temporary(const char* suffix, DType dtype, const Quantization& quantization) {
  Value value;
  value.name = importer_.tensors.names.unique(fmt::format("{}/{}", name_, suffix));
  value.dtype = dtype;
  value.quantization = quantization;
  return graph().add_value(std::move(value));
}

ValueId Node::temporary_like(const char* suffix, ValueId like) {
  const DType dtype = graph().value(like).dtype;
  const Quantization quantization = graph().value(like).quantization;
  return temporary(suffix, dtype, quantization);
}

ValueId Node::constant(const char* suffix, Tensor tensor) {
  return graph().add_constant(importer_.tensors.names.unique(fmt::format("{}/{}", name_, suffix)), std::move(tensor));
}

Result<ValueId> Node::parameter(int i) {
  QUERN_TRY(const ValueId id, value(i));
  const DType dtype = graph().value(id).dtype;
  if (dtype == DType::int64) return id;
  if (dtype != DType::int32)
    return fail(ErrorCode::invalid_file, "its input {} is {}; it must be int32 or int64", i, to_string(dtype));
  const ValueId wide = temporary("int64", DType::int64);
  add(OpKind::Cast, {id}, {wide}).attrs = CastAttrs{.to = DType::int64};
  return wide;
}

Status Node::refuse_hybrid(int x, int weights) const {
  if (is_float(input(x).dtype) && is_8bit(input(weights).dtype)) {
    return fail(ErrorCode::unsupported,
                "its input is {} but its weights are {} (dynamic-range quantization), which is not read; convert the "
                "model without "
                "optimizations and quantize it with Quern, or convert it to full integer with a representative dataset",
                to_string(input(x).dtype), to_string(input(weights).dtype));
  }
  return {};
}

Status Node::refuse_quantized() const {
  if (output().quantization.empty()) return {};
  return fail(ErrorCode::unsupported,
              "it is quantized ({}), and Quern computes it in float only; keep this operator float",
              to_string(output().dtype));
}

Result<Clamp> clamp_of(schema::Activation activation) {
  switch (activation) {
    case schema::Activation::NONE:
      return Clamp{};
    case schema::Activation::RELU:
      return Clamp{.low = 0};
    case schema::Activation::RELU_N1_TO_1:
      return Clamp{.low = -1, .high = 1};
    case schema::Activation::RELU6:
      return Clamp{.low = 0, .high = 6};
    case schema::Activation::TANH:
    case schema::Activation::SIGN_BIT:
      return fail(ErrorCode::unsupported,
                  "its fused activation {} is not read; convert the model with a separate operator for it",
                  schema::EnumNameActivation(activation));
  }
  return fail(ErrorCode::invalid_file, "its fused activation {} is none of TFLite's", static_cast<int>(activation));
}

Status check_positive(int64_t value, const char* what) {
  if (value >= 1 && value <= std::numeric_limits<int32_t>::max()) return {};
  return fail(ErrorCode::invalid_file, "its {} is {}; it must be at least 1", what, value);
}

}  // namespace quern::tflite
