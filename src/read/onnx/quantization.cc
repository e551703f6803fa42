#include "read/onnx/quantization.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/width.h"

namespace quern::onnx {

namespace {

Result<const Tensor*> file_constant(const Context& cx, const std::string& name, const char* what) {
  const auto found = cx.constants.find(name);
  if (found != cx.constants.end()) return &found->second;
  return fail(ErrorCode::unsupported, "the {} '{}' is not a constant; only constant quantization is read", what, name);
}

Result<std::vector<float>> read_scales(const Tensor& tensor, const std::string& name) {
  if (tensor.dtype() != DType::float32) {
    return fail(ErrorCode::unsupported, "the scale '{}' is {}; only float scales are read", name,
                to_string(tensor.dtype()));
  }
  if (tensor.rank() > 1) {
    return fail(ErrorCode::unsupported, "the scale '{}' has shape {}: quantization in blocks is not read", name,
                to_string(tensor.shape()));
  }
  std::vector<float> scales(tensor.data<float>().begin(), tensor.data<float>().end());
  for (const float scale : scales) {
    if (!std::isfinite(scale) || scale <= 0) {
      return fail(ErrorCode::invalid_file, "the scale '{}' holds {}; scales are finite and above 0", name, scale);
    }
  }
  if (scales.empty()) return fail(ErrorCode::invalid_file, "the scale '{}' is empty", name);
  return scales;
}

Result<std::vector<int32_t>> read_zero_points(const Tensor& tensor, const std::string& name) {
  std::vector<int32_t> points;
  const auto take = [&points](auto elements) { points.assign(elements.begin(), elements.end()); };
  switch (tensor.dtype()) {
    case DType::uint8:
      take(tensor.data<uint8_t>());
      break;
    case DType::int8:
      take(tensor.data<int8_t>());
      break;
    case DType::int16:
      take(tensor.data<int16_t>());
      break;
    case DType::uint16:
      take(tensor.data<uint16_t>());
      break;
    case DType::int32:
      take(tensor.data<int32_t>());
      break;
    default:
      return fail(ErrorCode::unsupported,
                  "the zero point '{}' is {}: only 8 and 16 bits, and int32 for a bias, are read; quantize to 8 bits",
                  name, to_string(tensor.dtype()));
  }
  if (tensor.dtype() == DType::int32 && std::any_of(points.begin(), points.end(), [](int32_t z) { return z != 0; })) {
    return fail(ErrorCode::invalid_file, "the zero point '{}' of an int32 value must be 0", name);
  }
  return points;
}

}  // namespace

Result<Storage> read_storage(const Context& cx, const StorageNames& names) {
  Storage storage{names.fallback, {}};
  Quantization& q = storage.quantization;
  QUERN_TRY(const Tensor* const scale, file_constant(cx, names.scale, "scale"));
  QUERN_TRY(q.scales, read_scales(*scale, names.scale));
  if (!names.zero_point.empty()) {
    QUERN_TRY(const Tensor* const zero_point, file_constant(cx, names.zero_point, "zero point"));
    QUERN_TRY(q.zero_points, read_zero_points(*zero_point, names.zero_point));
    storage.dtype = zero_point->dtype();
  } else {
    q.zero_points = {0};
  }
  if (q.zero_points.size() == 1) q.zero_points.resize(q.scales.size(), q.zero_points[0]);
  if (q.zero_points.size() != q.scales.size()) {
    return fail(ErrorCode::invalid_file, "'{}' holds {} scales, but '{}' {} zero points", names.scale, q.scales.size(),
                names.zero_point, q.zero_points.size());
  }
  if (!q.per_axis()) return storage;
  const int64_t axis = names.axis < 0 ? names.axis + names.rank : names.axis;
  if (names.rank < 0 || axis < 0 || axis >= names.rank) {
    return fail(ErrorCode::invalid_file, "'{}' holds {} scales along axis {}, which a value of {} axes does not have",
                names.scale, q.scales.size(), names.axis, names.rank < 0 ? "unknown" : std::to_string(names.rank));
  }
  q.axis = static_cast<int>(axis);
  return storage;
}

namespace {

template <typename T>
void quantize_into(std::span<const float> in, const Quantization& q, const Shape& shape, std::span<T> out) {
  int64_t inner = 1;
  for (size_t i = static_cast<size_t>(q.axis) + 1; i < shape.size() && q.per_axis(); ++i) inner *= shape[i];
  for (size_t i = 0; i < in.size(); ++i) {
    const size_t c = q.per_axis() ? (i / static_cast<size_t>(inner)) % q.scales.size() : 0;
    const double stored = static_cast<double>(std::nearbyintf(in[i] / q.scales[c])) + q.zero_points[c];
    const double low = std::numeric_limits<T>::min();
    const double high = std::numeric_limits<T>::max();
    out[i] = std::isnan(stored) ? T{0} : static_cast<T>(std::clamp(stored, low, high));
  }
}

/// Many scales must be as many as there are slices.
Status check_slices(const Tensor& tensor, const Quantization& q) {
  if (!q.per_axis() || tensor.shape()[static_cast<size_t>(q.axis)] == static_cast<int64_t>(q.scales.size())) return {};
  return fail(ErrorCode::invalid_file, "{} scales along axis {} do not fit a constant of shape {}", q.scales.size(),
              q.axis, to_string(tensor.shape()));
}

}  // namespace

Result<Tensor> quantize(const Tensor& real, const Storage& storage) {
  QUERN_CHECK(check_slices(real, storage.quantization));
  QUERN_TRY(Tensor stored, Tensor::make(storage.dtype, real.shape()));
  const auto into = [&](auto codes) { quantize_into(real.data<float>(), storage.quantization, real.shape(), codes); };
  if (storage.dtype == DType::int8) into(stored.mutable_data<int8_t>());
  if (storage.dtype == DType::uint8) into(stored.mutable_data<uint8_t>());
  if (storage.dtype == DType::int16) into(stored.mutable_data<int16_t>());
  if (storage.dtype == DType::uint16) into(stored.mutable_data<uint16_t>());
  stored.quantization = storage.quantization;
  return stored;
}

namespace {

std::string input_name(const NodeProto& proto, int index) {
  return index < proto.input_size() ? proto.input(index) : std::string();
}

/// The value's integers, of a type that may be quantized so; sets the type where it was not known yet.
Status check_stored(Context& cx, ValueId id, const Storage& storage) {
  Value& value = cx.graph.value(id);
  const bool known = value.shape_known || !value.quantization.empty();
  if (!known) value.dtype = storage.dtype;
  if (value.dtype != storage.dtype) {
    return fail(ErrorCode::invalid_file, "'{}' is {}, but its zero point is {}", value.name, to_string(value.dtype),
                to_string(storage.dtype));
  }
  if (!is_8_or_16bit(value.dtype) && value.dtype != DType::int32) {
    return fail(ErrorCode::unsupported, "'{}' is {}: only 8 and 16 bits, and int32 for a bias, are read as quantized",
                value.name, to_string(value.dtype));
  }
  return value.constant ? check_slices(*value.constant, storage.quantization) : Status{};
}

}  // namespace

Result<Storage> storage_at(const Context& cx, const Node& node, int scale, ValueId id, int64_t axis) {
  const DType fallback = id != kNoValue ? cx.graph.value(id).dtype : DType::uint8;
  return read_storage(cx, {input_name(*node.proto, scale), input_name(*node.proto, scale + 1), axis, cx.rank(id),
                           is_float(fallback) ? DType::uint8 : fallback});
}

Status quantize_input(Context& cx, Node& node, size_t index, int scale, int64_t axis) {
  QUERN_TRY(const Storage storage, storage_at(cx, node, scale, node.inputs[index], axis));
  QUERN_CHECK(check_stored(cx, node.inputs[index], storage));
  QUERN_TRY(node.inputs[index], cx.set_quantization(node.inputs[index], storage.quantization));
  return {};
}

Status quantize_output(Context& cx, Node& node, int scale) {
  QUERN_TRY(Storage storage, storage_at(cx, node, scale, kNoValue));
  if (!is_8bit(storage.dtype)) {
    return fail(ErrorCode::unsupported, "its output is {}; only int8 and uint8 are read", to_string(storage.dtype));
  }
  Value& output = cx.graph.value(node.outputs[0]);
  output.dtype = storage.dtype;
  output.quantization = std::move(storage.quantization);
  return {};
}

bool bias_fits(const Quantization& bias, const Quantization& x, const Quantization& w) {
  const Quantization wanted = bias_quantization(x, w);
  const size_t count = std::max(bias.scales.size(), wanted.scales.size());
  if (bias.per_axis() && wanted.per_axis() && bias.scales.size() != wanted.scales.size()) return false;
  for (size_t i = 0; i < count; ++i) {
    const float have = bias.scales[bias.per_axis() ? i : 0];
    const float want = wanted.scales[wanted.per_axis() ? i : 0];
    if (std::abs(have - want) > 1e-3f * want) return false;
  }
  return std::all_of(bias.zero_points.begin(), bias.zero_points.end(), [](int32_t z) { return z == 0; });
}

Quantization bias_quantization(const Quantization& x, const Quantization& w) {
  Quantization bias;
  for (const float scale : w.scales) bias.scales.push_back(x.scales[0] * scale);
  bias.zero_points.assign(bias.scales.size(), 0);
  return bias;
}

namespace {

/// What opset 21 and 23 added: all but 8 and 16 bits without blocks is refused.
Status check_new_attributes(Node& node) {
  if (const int64_t block = node.attributes.integer("block_size", 0); block != 0) {
    return fail(ErrorCode::unsupported, "attribute 'block_size' is {}: quantization in blocks is not read", block);
  }
  node.attributes.ignore({"saturate", "precision"});  // both are about float8
  return {};
}

Result<DType> fallback_type(Node& node) {
  const int64_t type = node.attributes.integer("output_dtype", 0);
  if (type == 0) return DType::uint8;
  QUERN_TRY(const DType dtype, element_type(static_cast<int32_t>(type)));
  if (is_8_or_16bit(dtype)) return dtype;
  return fail(ErrorCode::unsupported, "attribute 'output_dtype' is {}; only INT8, UINT8, INT16 and UINT16 are read",
              type_name(static_cast<int32_t>(type)));
}

}  // namespace

Status read_quantize_linear(Context& cx, Node& node) {
  QUERN_CHECK(check_new_attributes(node));
  QUERN_TRY(const DType fallback, fallback_type(node));
  const std::string& source = node.proto->input(0);
  const std::string& result = node.proto->output(0);
  const auto twin = cx.dequantized.find(source);
  // From the quantized value where there is one: a change of quantization, without a float value between.
  ValueId from = cx.find(source);
  if (from == kNoValue && twin != cx.dequantized.end()) from = twin->second.quantized;
  if (from == kNoValue) {
    QUERN_TRY(from, cx.read(source));
  }
  QUERN_TRY(const Storage storage, read_storage(cx, {node.proto->input(1), input_name(*node.proto, 2),
                                                     node.attributes.integer("axis", 1), cx.rank(from), fallback}));
  if (storage.dtype == DType::int32) {
    return fail(ErrorCode::unsupported, "it gives int32; only integers of 8 and 16 bits are read");
  }
  if (const Tensor* real = cx.constant(from); real != nullptr && real->dtype() == DType::float32) {
    QUERN_TRY(Tensor stored, quantize(*real, storage));
    return cx.define_constant(result, std::move(stored));
  }
  const bool same =
      cx.graph.value(from).dtype == storage.dtype && cx.graph.value(from).quantization == storage.quantization;
  QUERN_TRY(const ValueId to, cx.define(result, storage.dtype, storage.quantization));
  cx.emit(node, same ? OpKind::Identity : OpKind::Quantize, {from}, {to});
  return {};
}

Status read_dequantize_linear(Context& cx, Node& node) {
  QUERN_CHECK(check_new_attributes(node));
  node.attributes.ignore({"output_dtype"});
  QUERN_TRY(node.inputs[0], cx.read(node.proto->input(0)));
  if (is_float(cx.graph.value(node.inputs[0]).dtype) && cx.graph.value(node.inputs[0]).shape_known) {
    return fail(ErrorCode::invalid_file, "it reads '{}', which is float already", node.proto->input(0));
  }
  QUERN_CHECK(quantize_input(cx, node, 0, 1, node.attributes.integer("axis", 1)));
  QUERN_CHECK(cx.claim(node.proto->output(0)));
  cx.dequantized[node.proto->output(0)] = {node.inputs[0], node.name};
  return {};
}

}  // namespace quern::onnx
