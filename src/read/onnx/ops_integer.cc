// Operators that state their quantizations themselves: QLinear… of ai.onnx and com.microsoft.
#include "read/onnx/convolution.h"
#include "read/onnx/layout.h"
#include "read/onnx/quantization.h"
#include "read/onnx/rows.h"
#include "read/onnx/softmax.h"

namespace quern::onnx {

namespace {

/// Inputs that are one whole quantized value: 8 bits, one scale.
Status check_whole(const Context& cx, const Node& node, size_t index) {
  const Value& value = cx.graph.value(node.inputs[index]);
  if (is_8bit(value.dtype) && !value.quantization.per_axis()) return {};
  return node.fail(ErrorCode::unsupported,
                   "its input '{}' is {} with {} scales; only int8 and uint8 with one scale are read", value.name,
                   to_string(value.dtype), value.quantization.scales.size());
}

/// The int32 bias gets the unit of the products; the file does not state one.
Result<ValueId> integer_bias(Context& cx, const Node& node, ValueId bias, ValueId x, ValueId weights) {
  if (bias == kNoValue) return bias;
  if (cx.constant(bias) == nullptr || cx.graph.value(bias).dtype != DType::int32) {
    return node.fail(ErrorCode::unsupported, "its bias '{}' is not a constant of int32", cx.graph.value(bias).name);
  }
  return cx.set_quantization(bias,
                             bias_quantization(cx.graph.value(x).quantization, cx.graph.value(weights).quantization));
}

Status check_per_channel(const Context& cx, const Node& node, ValueId weights, int axis) {
  const Value& value = cx.graph.value(weights);
  if (!value.quantization.per_axis()) return {};
  if (!value.constant)
    return node.fail(ErrorCode::unsupported, "its weights '{}' have many scales, but are no constant", value.name);
  if (value.quantization.axis == axis) return {};
  return node.fail(ErrorCode::unsupported, "its weights '{}' are quantized along axis {}; only axis {} is read",
                   value.name, value.quantization.axis, axis);
}

/// x, x_scale, x_zero, w, w_scale, w_zero, y_scale, y_zero, bias
Status read_qlinear_conv(Context& cx, Node& node) {
  QUERN_CHECK(quantize_input(cx, node, 0, 1));
  QUERN_CHECK(quantize_input(cx, node, 3, 4));
  QUERN_CHECK(quantize_output(cx, node, 6));
  QUERN_CHECK(check_whole(cx, node, 0));
  QUERN_CHECK(check_per_channel(cx, node, node.inputs[3], 0));
  QUERN_TRY(const ValueId bias, integer_bias(cx, node, node.inputs[8], node.inputs[0], node.inputs[3]));
  node.quantized = true;
  return emit_conv(cx, node, node.inputs[0], node.inputs[3], bias);
}

/// a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero
Status read_qlinear_matmul(Context& cx, Node& node) {
  QUERN_CHECK(quantize_input(cx, node, 0, 1));
  QUERN_CHECK(quantize_input(cx, node, 3, 4, -1));
  QUERN_CHECK(quantize_output(cx, node, 6));
  QUERN_CHECK(check_whole(cx, node, 0));
  QUERN_CHECK(check_per_channel(cx, node, node.inputs[3], cx.rank(node.inputs[3]) - 1));
  node.quantized = true;
  return emit_product(cx, node, node.inputs[0], node.inputs[3]);
}

/// a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero
Status read_qlinear_binary(Context& cx, Node& node) {
  QUERN_CHECK(quantize_input(cx, node, 0, 1));
  QUERN_CHECK(quantize_input(cx, node, 3, 4));
  QUERN_CHECK(quantize_output(cx, node, 6));
  QUERN_CHECK(check_whole(cx, node, 0));
  QUERN_CHECK(check_whole(cx, node, 3));
  cx.emit(node, node.op, {node.inputs[0], node.inputs[3]}, node.outputs);
  return {};
}

/// x, x_scale, x_zero, y_scale, y_zero
Status quantize_one(Context& cx, Node& node) {
  QUERN_CHECK(quantize_input(cx, node, 0, 1));
  QUERN_CHECK(quantize_output(cx, node, 3));
  QUERN_CHECK(check_whole(cx, node, 0));
  node.quantized = true;
  return {};
}

Status read_qlinear_unary(Context& cx, Node& node) {
  QUERN_CHECK(quantize_one(cx, node));
  Attrs attrs = default_attrs(node.op);
  if (node.op == OpKind::LeakyRelu) attrs = UnaryAttrs{node.attributes.number("alpha", 0.01f), 0};
  cx.emit(node, node.op, {node.inputs[0]}, node.outputs, std::move(attrs));
  return {};
}

Status read_qlinear_softmax(Context& cx, Node& node) {
  QUERN_CHECK(quantize_one(cx, node));
  const bool flattens = node.attributes.integer("opset", 13) < 13;
  return emit_softmax(cx, node, OpKind::Softmax, node.attributes.integer("axis", -1), flattens);
}

Status read_qlinear_global_pool(Context& cx, Node& node) {
  QUERN_CHECK(quantize_one(cx, node));
  return emit_global_pool(cx, node, node.attributes.flag("channels_last", false) ? 1 : 2);
}

Status read_qlinear_pool(Context& cx, Node& node) {
  QUERN_CHECK(quantize_one(cx, node));
  if (node.attributes.flag("channels_last", false)) {
    return node.fail(ErrorCode::unsupported,
                     "attribute 'channels_last' is 1; only 0 is read: export without layout changes");
  }
  return emit_pool(cx, node, OpKind::AveragePool);
}

/// y_scale, y_zero, then x, x_scale, x_zero for each part
Status read_qlinear_concat(Context& cx, Node& node) {
  if (node.inputs.size() % 3 != 2) {
    return node.fail(ErrorCode::invalid_file, "it has {} inputs; each value needs its scale and zero point",
                     node.inputs.size());
  }
  QUERN_CHECK(quantize_output(cx, node, 0));
  std::vector<ValueId> parts;
  for (size_t i = 2; i + 2 < node.inputs.size(); i += 3) {
    if (node.inputs[i] == kNoValue) return node.fail(ErrorCode::invalid_file, "one of its values is missing");
    QUERN_CHECK(quantize_input(cx, node, i, static_cast<int>(i) + 1));
    QUERN_CHECK(check_whole(cx, node, i));
    parts.push_back(node.inputs[i]);
  }
  if (!node.attributes.has("axis")) return node.fail(ErrorCode::invalid_file, "attribute 'axis' is missing");
  cx.emit(node, OpKind::Concat, std::move(parts), node.outputs, AxisAttrs{node.attributes.integer("axis", 0)});
  return {};
}

/// a, a_scale, a_zero, b, b_scale, b_zero, bias, y_scale, y_zero
Status read_qgemm(Context& cx, Node& node) {
  const bool transposed = node.attributes.flag("transB", false);
  const float alpha = node.attributes.number("alpha", 1);
  if (alpha != 1 || node.attributes.flag("transA", false)) {
    return node.fail(ErrorCode::unsupported, "attributes 'alpha' {} and 'transA' are not read unless 1 and 0", alpha);
  }
  if (node.proto->input_size() < 8 || node.proto->input(7).empty()) {
    return node.fail(ErrorCode::unsupported, "it has no output scale: a float result of QGemm is not read");
  }
  const int channels = transposed ? 0 : 1;
  QUERN_CHECK(quantize_input(cx, node, 0, 1));
  QUERN_CHECK(quantize_input(cx, node, 3, 4, channels));
  QUERN_CHECK(quantize_output(cx, node, 7));
  QUERN_CHECK(check_whole(cx, node, 0));
  QUERN_CHECK(check_per_channel(cx, node, node.inputs[3], channels));
  ValueId weights = node.inputs[3];
  if (cx.constant(weights) == nullptr || cx.rank(weights) != 2) {
    return node.fail(ErrorCode::unsupported, "its weights '{}' are no constant matrix", cx.graph.value(weights).name);
  }
  QUERN_TRY(const ValueId bias, integer_bias(cx, node, node.inputs[6], node.inputs[0], weights));
  if (!transposed) {
    QUERN_TRY(weights, matrix_weights(cx, weights));
  }
  cx.emit(node, OpKind::FullyConnected, {node.inputs[0], weights, bias}, node.outputs);
  return {};
}

constexpr Row kStandard[] = {
    {"QLinearConv", read_qlinear_conv, OpKind::Conv, 8, 9, 1, Fold::integer},
    {"QLinearMatMul", read_qlinear_matmul, OpKind::MatMul, 8, 8, 1, Fold::integer},
};

constexpr Row kMicrosoft[] = {
    {"QLinearAdd", read_qlinear_binary, OpKind::Add, 7, 8, 1, Fold::integer},
    {"QLinearMul", read_qlinear_binary, OpKind::Mul, 7, 8, 1, Fold::integer},
    {"QLinearSigmoid", read_qlinear_unary, OpKind::Sigmoid, 4, 5, 1, Fold::integer},
    {"QLinearLeakyRelu", read_qlinear_unary, OpKind::LeakyRelu, 4, 5, 1, Fold::integer},
    {"QLinearSoftmax", read_qlinear_softmax, OpKind::Softmax, 4, 5, 1, Fold::integer},
    {"QLinearGlobalAveragePool", read_qlinear_global_pool, OpKind::ReduceMean, 4, 5, 1, Fold::integer},
    {"QLinearAveragePool", read_qlinear_pool, OpKind::AveragePool, 4, 5, 1, Fold::integer},
    {"QLinearConcat", read_qlinear_concat, OpKind::Concat, 5, -1, 1, Fold::integer},
    {"QGemm", read_qgemm, OpKind::FullyConnected, 6, 9, 1, Fold::integer},
    {"QuantizeLinear", read_quantize_linear, OpKind::Quantize, 2, 3, 1, Fold::integer},
    {"DequantizeLinear", read_dequantize_linear, OpKind::Dequantize, 2, 3, 1, Fold::integer},
};

}  // namespace

std::span<const Row> integer_rows() {
  return kStandard;
}
std::span<const Row> microsoft_rows() {
  return kMicrosoft;
}

}  // namespace quern::onnx
