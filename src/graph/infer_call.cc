#include "graph/infer_call.h"

#include <algorithm>

#include "base/checked.h"
#include "base/half.h"
#include "base/width.h"

namespace quern {

namespace {

/// Elements of a constant, each converted to T.
template <typename T, typename Stored>
std::vector<T> converted(const Tensor& tensor) {
  const auto* data = static_cast<const Stored*>(tensor.raw());
  std::vector<T> out(static_cast<size_t>(tensor.size()));
  std::transform(data, data + tensor.size(), out.begin(), [](Stored v) { return static_cast<T>(v); });
  return out;
}

std::vector<double> halves(const Tensor& tensor) {
  const auto* data = static_cast<const uint16_t*>(tensor.raw());
  std::vector<double> out(static_cast<size_t>(tensor.size()));
  std::transform(data, data + tensor.size(), out.begin(), [](uint16_t v) { return half_to_float(v); });
  return out;
}

std::vector<double> stored_numbers(const Tensor& tensor) {
  switch (tensor.dtype()) {
    case DType::float32:
      return converted<double, float>(tensor);
    case DType::float16:
      return halves(tensor);
    case DType::float64:
      return converted<double, double>(tensor);
    case DType::int8:
      return converted<double, int8_t>(tensor);
    case DType::boolean:
    case DType::uint8:
      return converted<double, uint8_t>(tensor);
    case DType::int16:
      return converted<double, int16_t>(tensor);
    case DType::uint16:
      return converted<double, uint16_t>(tensor);
    case DType::int32:
      return converted<double, int32_t>(tensor);
    case DType::uint32:
      return converted<double, uint32_t>(tensor);
    case DType::int64:
      return converted<double, int64_t>(tensor);
    case DType::uint64:
      break;
  }
  return converted<double, uint64_t>(tensor);
}

}  // namespace

Error InferCall::error(ErrorCode code, const std::string& sentence) const {
  const std::string_view name = info(op_.kind).name;
  Error made = fail(code, "{} '{}': {}", name, op_.name, sentence);
  made.op = op_.name;
  made.kind = op_.source_kind.empty() ? std::string(name) : op_.source_kind;
  return made;
}

Status InferCall::check_form() const {
  const OpInfo& row = info(op_.kind);
  const auto exists = [&](ValueId id) { return id >= 0 && static_cast<size_t>(id) < graph_.values.size(); };
  const auto needed = static_cast<size_t>(row.min_inputs);
  if (op_.attrs.index() != default_attrs(op_.kind).index()) return wrong("it carries the attributes of another kind");
  if (row.max_inputs >= 0 && op_.inputs.size() > static_cast<size_t>(row.max_inputs)) {
    return wrong("it has {} inputs, but takes at most {}", op_.inputs.size(), row.max_inputs);
  }
  for (size_t i = 0; i < std::max(op_.inputs.size(), needed); ++i) {
    if (!has(i) && (row.max_inputs < 0 || i < needed)) return wrong("its input {} is missing", i);
    if (has(i) && !exists(op_.inputs[i])) return wrong("its input {} is no value of the graph", i);
  }
  if (op_.outputs.empty() || (row.outputs >= 0 && op_.outputs.size() > static_cast<size_t>(row.outputs))) {
    return wrong("it has {} outputs instead of {}", op_.outputs.size(), std::max(row.outputs, 1));
  }
  for (size_t i = 0; i < op_.outputs.size(); ++i) {
    if (op_.outputs[i] == kNoValue && i > 0) continue;
    if (!exists(op_.outputs[i])) return wrong("its output {} is no value of the graph", i);
  }
  return {};
}

Status InferCall::check() const {
  QUERN_CHECK(check_form());
  for (ValueId id : op_.inputs) {
    if (id == kNoValue) continue;
    const Value& value = graph_.value(id);
    const bool fixed = std::all_of(value.shape.begin(), value.shape.end(), [](int64_t d) { return d >= 0; });
    if (!value.shape_known || !fixed) {
      return cannot("the shape of its input '{}' is not fixed; give the model's inputs fixed shapes", value.name);
    }
  }
  return {};
}

DType InferCall::declared(size_t output) const {
  const ValueId id = output < op_.outputs.size() ? op_.outputs[output] : kNoValue;
  return id == kNoValue ? DType::float32 : graph_.value(id).dtype;
}

Status InferCall::within_limits(const Shape& shape, DType dtype) const {
  if (static_cast<int64_t>(shape.size()) > kMaxRank) {
    return cannot("its output would have {} axes; the limit is {}", shape.size(), kMaxRank);
  }
  for (int64_t extent : shape) {
    if (extent < 0) return wrong("its output would have the negative extent {}", extent);
  }
  const auto count = element_count(shape);
  if (!count.ok() || *count > Tensor::kMaxBytes / static_cast<int64_t>(size_of(dtype))) {
    return error(ErrorCode::out_of_memory,
                 fmt::format("its output of shape {} and type {} is beyond the limit of {} bytes", to_string(shape),
                             to_string(dtype), Tensor::kMaxBytes));
  }
  return {};
}

bool InferCall::gives_real(DType dtype) const {
  const OpFamily family = info(op_.kind).family;
  const bool computes = family == OpFamily::linear || family == OpFamily::unary || op_.kind == OpKind::Conv ||
                        op_.kind == OpKind::ConvTranspose;
  return computes && is_8_or_16bit(dtype) && !input(0).quantization.empty();
}

Status InferCall::give(Shape shape, DType dtype, size_t output) {
  const ValueId id = output < op_.outputs.size() ? op_.outputs[output] : kNoValue;
  if (id == kNoValue) return {};
  Value& value = graph_.value(id);
  if (value.quantization.empty()) {
    value.dtype = gives_real(dtype) ? DType::float32 : dtype;
    // Moving elements about does not change what they mean; an axis of scales would have to move along.
    if (info(op_.kind).family == OpFamily::move && has(0) && dtype == this->dtype(0) &&
        !input(0).quantization.per_axis()) {
      value.quantization = input(0).quantization;
    }
  }
  QUERN_CHECK(within_limits(shape, value.dtype));
  value.shape = std::move(shape);
  value.shape_known = true;
  return {};
}

Status InferCall::give_plain(Shape shape, DType dtype, size_t output) {
  const ValueId id = output < op_.outputs.size() ? op_.outputs[output] : kNoValue;
  if (id == kNoValue) return {};
  QUERN_CHECK(within_limits(shape, dtype));
  Value& value = graph_.value(id);
  value.dtype = dtype;
  value.quantization = {};
  value.shape = std::move(shape);
  value.shape_known = true;
  return {};
}

Status InferCall::normalize_axis(int64_t& axis, int64_t rank, const char* attribute) const {
  if (axis < -rank || axis >= rank) {
    return wrong("{} {} is outside -{}…{}, the axes of a value of rank {}", attribute, axis, rank, rank - 1, rank);
  }
  if (axis < 0) axis += rank;
  return {};
}

Status InferCall::normalize_axes(Ints& axes, int64_t rank, const char* attribute) const {
  std::vector<bool> seen(static_cast<size_t>(rank), false);
  for (int64_t& axis : axes) {
    QUERN_CHECK(normalize_axis(axis, rank, attribute));
    if (seen[static_cast<size_t>(axis)]) return wrong("{} names the axis {} twice", attribute, axis);
    seen[static_cast<size_t>(axis)] = true;
  }
  return {};
}

Status InferCall::need_rank(size_t i, int64_t wanted, const char* what) const {
  if (rank(i) == wanted) return {};
  return wrong("its input '{}' has the shape {}, but must have {} axes {}", input(i).name, to_string(shape(i)), wanted,
               what);
}

Result<const Tensor*> InferCall::parameter(size_t i, const char* what) const {
  if (!input(i).constant) {
    return cannot("its {} comes from '{}', which is not a constant; shapes that depend on data are not supported", what,
                  input(i).name);
  }
  return &*input(i).constant;
}

Result<Ints> InferCall::int_parameter(size_t i, const char* what) const {
  QUERN_TRY(const Tensor* tensor, parameter(i, what));
  switch (tensor->dtype()) {
    case DType::int64:
      return converted<int64_t, int64_t>(*tensor);
    case DType::int32:
      return converted<int64_t, int32_t>(*tensor);
    case DType::int16:
      return converted<int64_t, int16_t>(*tensor);
    case DType::int8:
      return converted<int64_t, int8_t>(*tensor);
    case DType::uint8:
      return converted<int64_t, uint8_t>(*tensor);
    default:
      return wrong("its {} '{}' is {}, but must be int64 or int32", what, input(i).name, to_string(tensor->dtype()));
  }
}

Result<int64_t> InferCall::one_int_parameter(size_t i, const char* what) const {
  QUERN_TRY(const Ints numbers, int_parameter(i, what));
  if (numbers.size() != 1)
    return wrong("its {} '{}' has {} elements instead of one", what, input(i).name, numbers.size());
  return numbers[0];
}

Result<std::vector<double>> InferCall::real_parameter(size_t i, const char* what) const {
  QUERN_TRY(const Tensor* tensor, parameter(i, what));
  std::vector<double> numbers = stored_numbers(*tensor);
  const Quantization& q = input(i).quantization;
  if (q.scales.size() == 1 && q.zero_points.size() == 1) {
    for (double& n : numbers) n = (n - q.zero_points[0]) * static_cast<double>(q.scales[0]);
  }
  return numbers;
}

}  // namespace quern
