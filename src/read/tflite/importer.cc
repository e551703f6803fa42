#include "read/tflite/importer.h"

#include <algorithm>

#include "base/error.h"
#include "read/tflite/node.h"
#include "read/tflite/operators.h"

namespace quern::tflite {

namespace {

/// What kind of operator a code stands for: the format's own name, or a custom operator's.
struct Code {
  schema::BuiltinOperator builtin;
  std::string name;
};

Code code_of(const schema::OperatorCode& stored) {
  const int wide = std::max<int>(stored.deprecated_builtin_code(), stored.builtin_code());
  const auto builtin = static_cast<schema::BuiltinOperator>(wide);
  if (builtin == schema::BuiltinOperator::CUSTOM) {
    const auto* custom = stored.custom_code();
    const std::string_view name = custom == nullptr ? "" : std::string_view(custom->c_str(), custom->size());
    return {builtin, name.empty() ? "CUSTOM" : printable(name.substr(0, 256))};
  }
  const char* name = schema::EnumNameBuiltinOperator(builtin);
  return {builtin, *name != '\0' ? name : fmt::format("builtin operator {}", wide)};
}

bool has_zero_extent(const Shape& shape) {
  return std::find(shape.begin(), shape.end(), 0) != shape.end();
}

Status refuse_as_activation(const TensorInfo& info) {
  if (info.dtype == DType::float16) {
    return fail(
        ErrorCode::unsupported,
        "'{}' is computed in float16, which Quern keeps for weights only; convert the model with float32 activations",
        info.name);
  }
  if (info.quantization.per_axis()) {
    return fail(ErrorCode::unsupported, "'{}' is quantized per axis, which only constants may be", info.name);
  }
  return {};
}

}  // namespace

Importer::Importer(const schema::Model& model, const schema::SubGraph& subgraph, int64_t file_bytes)
    : tensors(model, subgraph, file_bytes), model_(model), subgraph_(subgraph) {
  values_.assign(static_cast<size_t>(tensors.count()), kNoValue);
  name_given_.assign(static_cast<size_t>(tensors.count()), false);
}

Result<Graph> Importer::run() {
  QUERN_CHECK(read_inputs());
  QUERN_CHECK(read_operators());
  QUERN_CHECK(read_outputs());
  for (std::string& note : tensors.notes()) graph.origin.notes.push_back(std::move(note));
  return std::move(graph);
}

std::string Importer::name_for(int tensor) {
  const std::string& name = (*tensors.info(tensor))->name;
  if (name_given_[static_cast<size_t>(tensor)]) return tensors.names.unique(name);
  name_given_[static_cast<size_t>(tensor)] = true;
  return name;
}

Result<bool> Importer::usable(int tensor) {
  QUERN_TRY(const TensorInfo* info, tensors.info(tensor));
  return values_[static_cast<size_t>(tensor)] != kNoValue || info->constant || has_zero_extent(info->shape);
}

Result<ValueId> Importer::use(int tensor) {
  QUERN_TRY(const TensorInfo* info, tensors.info(tensor));
  ValueId& id = values_[static_cast<size_t>(tensor)];
  if (id != kNoValue) return id;
  if (!info->constant && !has_zero_extent(info->shape)) {
    return fail(ErrorCode::invalid_file, "it reads tensor {} '{}' before anything makes it", tensor, info->name);
  }
  QUERN_TRY(Tensor array, tensors.constant(tensor));
  id = graph.add_constant(name_for(tensor), std::move(array));
  return id;
}

Result<ValueId> Importer::define(int tensor, bool input) {
  QUERN_TRY(const TensorInfo* info, tensors.info(tensor));
  ValueId& id = values_[static_cast<size_t>(tensor)];
  if (id != kNoValue) return fail(ErrorCode::invalid_file, "tensor {} '{}' is made twice", tensor, info->name);
  if (info->constant) {
    return fail(ErrorCode::invalid_file, "tensor {} '{}' holds constant data, but is {}", tensor, info->name,
                input ? "an input of the graph" : "made by an operator");
  }
  QUERN_CHECK(refuse_as_activation(*info));
  Value value;
  value.name = name_for(tensor);
  value.dtype = info->dtype;
  value.shape = info->shape;
  value.shape_known = input;
  value.quantization = info->quantization;
  id = graph.add_value(std::move(value));
  return id;
}

Status Importer::read_inputs() {
  if (subgraph_.inputs() == nullptr) return {};
  for (const int32_t tensor : *subgraph_.inputs()) {
    QUERN_TRY(const ValueId id, define(tensor, true));
    graph.inputs.push_back(id);
    Value& value = graph.value(id);
    value.symbols.resize(value.shape.size());
    const auto* signature = subgraph_.tensors()->Get(static_cast<uint32_t>(tensor))->shape_signature();
    if (signature != nullptr && std::find(signature->begin(), signature->end(), -1) != signature->end()) {
      graph.origin.notes.push_back(fmt::format("input '{}' may have other extents by its signature; it is read as {}",
                                               value.name, to_string(value.shape)));
    }
  }
  return {};
}

Status Importer::read_operators() {
  if (subgraph_.operators() == nullptr) return {};
  for (uint32_t i = 0; i < subgraph_.operators()->size(); ++i) {
    QUERN_CHECK(read_operator(*subgraph_.operators()->Get(i), static_cast<int>(i)));
  }
  return {};
}

Status Importer::read_operator(const schema::Operator& op, int index) {
  const auto* codes = model_.operator_codes();
  if (codes == nullptr || op.opcode_index() >= codes->size()) {
    return fail(ErrorCode::invalid_file, "operator {} has the code {}, but the file lists {} codes", index,
                op.opcode_index(), codes == nullptr ? 0 : codes->size());
  }
  const Code code = code_of(*codes->Get(op.opcode_index()));
  const auto read = [&](std::string& name) -> Status {
    const Row* row = find_row(code.builtin);
    Node node(*this, op, row == nullptr ? kUnreadRow : *row, code.name);
    const Status opened = node.open();
    name = node.name();
    if (row == nullptr) return refuse_operator(code.builtin, code.name);
    QUERN_CHECK(opened);
    return row->read(node);
  };
  std::string name;
  const Status status = read(name);
  if (status.ok()) return {};
  Error error = status.error();
  if (name.empty()) name = fmt::format("operator {}", index);
  error.message = fmt::format("{} '{}': {}", code.name, name, error.message);
  error.op = std::move(name);
  error.kind = code.name;
  return error;
}

Status Importer::read_outputs() {
  if (subgraph_.outputs() == nullptr || subgraph_.outputs()->size() == 0) {
    return fail(ErrorCode::invalid_file, "the model has no outputs");
  }
  for (const int32_t tensor : *subgraph_.outputs()) {
    QUERN_TRY(const bool made, usable(tensor));
    if (!made) {
      return fail(ErrorCode::invalid_file, "nothing makes tensor {} '{}', which is an output of the model", tensor,
                  (*tensors.info(tensor))->name);
    }
    QUERN_TRY(const ValueId id, use(tensor));
    graph.outputs.push_back(id);
  }
  return {};
}

}  // namespace quern::tflite
