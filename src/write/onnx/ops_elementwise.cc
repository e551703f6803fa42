// Element by element: arithmetic, comparisons, activations, types, quantization.
#include <cmath>
#include <limits>

#include "write/onnx/rows.h"

namespace quern::onnx_writer {

namespace {

Status write_arithmetic(Context& cx, Call& call) {
  cx.node(call.row.type, call.op.name, call.in, {call.give(cx, 0, call.as<ClampAttrs>().clamp)});
  return {};
}

Status write_mod(Context& cx, Call& call) {
  cx.node("Mod", call.op.name, call.in, {call.give(cx)}).integer("fmod", is_float(call.input(cx, 0).dtype) ? 1 : 0);
  return {};
}

/// The attributes that carry alpha and beta; nullptr where there is none.
struct UnaryNames {
  OpKind kind;
  const char* alpha;
  const char* beta;
};
constexpr UnaryNames kUnaryNames[] = {
    {OpKind::LeakyRelu, "alpha", nullptr}, {OpKind::Elu, "alpha", nullptr},
    {OpKind::Celu, "alpha", nullptr},      {OpKind::ThresholdedRelu, "alpha", nullptr},
    {OpKind::Selu, "alpha", "gamma"},      {OpKind::HardSigmoid, "alpha", "beta"},
};

Status write_with_numbers(Context& cx, Call& call) {
  const auto& attrs = call.as<UnaryAttrs>();
  NodeBuilder node = cx.node(call.row.type, call.op.name, call.in, {call.give(cx)});
  for (const UnaryNames& names : kUnaryNames) {
    if (names.kind != call.op.kind) continue;
    node.number(names.alpha, attrs.alpha);
    if (names.beta != nullptr) node.number(names.beta, attrs.beta);
  }
  return {};
}

Status write_is_inf(Context& cx, Call& call) {
  const auto& attrs = call.as<UnaryAttrs>();
  cx.node("IsInf", call.op.name, call.in, {call.give(cx)})
      .integer("detect_positive", attrs.alpha != 0 ? 1 : 0)
      .integer("detect_negative", attrs.beta != 0 ? 1 : 0);
  return {};
}

Status write_gelu(Context& cx, Call& call) {
  const bool by_tanh = call.as<UnaryAttrs>().alpha != 0;
  cx.node("Gelu", call.op.name, call.in, {call.give(cx)}).text("approximate", by_tanh ? "tanh" : "none");
  return {};
}

Status write_clip(Context& cx, Call& call) {
  const auto& attrs = call.as<UnaryAttrs>();
  const DType dtype = cx.real_type(call.op.inputs[0]);
  const std::string y = call.give(cx);
  const std::string low = std::isinf(attrs.alpha) ? "" : cx.number(y + "_low", dtype, attrs.alpha);
  const std::string high = std::isinf(attrs.beta) ? "" : cx.number(y + "_high", dtype, attrs.beta);
  cx.node("Clip", call.op.name, {call.in[0], low, high}, {y});
  return {};
}

/// x * sigmoid(alpha * x)
Status write_swish(Context& cx, Call& call) {
  const double alpha = call.as<UnaryAttrs>().alpha;
  const std::string y = call.give(cx);
  std::string scaled = call.in[0];
  if (alpha != 1) {
    scaled = cx.unique(y + "_scaled");
    cx.node("Mul", "", {call.in[0], cx.number(y + "_alpha", DType::float32, alpha)}, {scaled});
  }
  const std::string gate = cx.unique(y + "_sigmoid");
  cx.node("Sigmoid", "", {scaled}, {gate});
  cx.node("Mul", call.op.name, {call.in[0], gate}, {y});
  return {};
}

Status write_rsqrt(Context& cx, Call& call) {
  const std::string y = call.give(cx);
  const std::string root = cx.unique(y + "_root");
  cx.node("Sqrt", "", {call.in[0]}, {root});
  cx.node("Reciprocal", call.op.name, {root}, {y});
  return {};
}

Status write_square(Context& cx, Call& call) {
  cx.node("Mul", call.op.name, {call.in[0], call.in[0]}, {call.give(cx)});
  return {};
}

Status write_cast(Context& cx, Call& call) {
  cx.node("Cast", call.op.name, call.in, {call.give(cx)}).integer("to", element_type(call.as<CastAttrs>().to));
  return {};
}

/// The node QuantizeLinear itself is that of the value.
Status write_quantize(Context& cx, Call& call) {
  cx.quantize(call.op, call.in[0], call.forms[0]);
  return {};
}

Status write_dequantize(Context& cx, Call& call) {
  return cx.dequantize(call.op);
}

constexpr Row arithmetic(OpKind kind, const char* type) {
  return {kind, type, write_arithmetic};
}
constexpr Row plain(OpKind kind, const char* type) {
  return {kind, type, write_plain};
}

constexpr Row kRows[] = {
    arithmetic(OpKind::Add, "Add"),
    arithmetic(OpKind::Sub, "Sub"),
    arithmetic(OpKind::Mul, "Mul"),
    arithmetic(OpKind::Div, "Div"),
    plain(OpKind::Pow, "Pow"),
    {OpKind::Mod, "Mod", write_mod},
    plain(OpKind::Min, "Min"),
    plain(OpKind::Max, "Max"),
    plain(OpKind::PRelu, "PRelu"),
    plain(OpKind::Equal, "Equal"),
    plain(OpKind::Less, "Less"),
    plain(OpKind::LessOrEqual, "LessOrEqual"),
    plain(OpKind::Greater, "Greater"),
    plain(OpKind::GreaterOrEqual, "GreaterOrEqual"),
    plain(OpKind::And, "And"),
    plain(OpKind::Or, "Or"),
    plain(OpKind::Xor, "Xor"),
    plain(OpKind::Where, "Where"),
    plain(OpKind::Relu, "Relu"),
    {OpKind::Clip, "Clip", write_clip},
    {OpKind::LeakyRelu, "LeakyRelu", write_with_numbers},
    {OpKind::Elu, "Elu", write_with_numbers},
    {OpKind::Selu, "Selu", write_with_numbers},
    {OpKind::Celu, "Celu", write_with_numbers},
    {OpKind::ThresholdedRelu, "ThresholdedRelu", write_with_numbers},
    {OpKind::HardSigmoid, "HardSigmoid", write_with_numbers},
    {OpKind::HardSwish, "HardSwish", write_plain, Layout::follow, 14},
    plain(OpKind::Sigmoid, "Sigmoid"),
    plain(OpKind::Tanh, "Tanh"),
    {OpKind::Swish, "Sigmoid", write_swish},
    {OpKind::Gelu, "Gelu", write_gelu, Layout::follow, 20},
    {OpKind::Mish, "Mish", write_plain, Layout::follow, 18},
    plain(OpKind::Softplus, "Softplus"),
    plain(OpKind::Softsign, "Softsign"),
    plain(OpKind::Exp, "Exp"),
    plain(OpKind::Log, "Log"),
    plain(OpKind::Sqrt, "Sqrt"),
    {OpKind::Rsqrt, "Sqrt", write_rsqrt},
    {OpKind::Square, "Mul", write_square},
    plain(OpKind::Reciprocal, "Reciprocal"),
    plain(OpKind::Abs, "Abs"),
    plain(OpKind::Neg, "Neg"),
    plain(OpKind::Sign, "Sign"),
    plain(OpKind::Floor, "Floor"),
    plain(OpKind::Ceil, "Ceil"),
    plain(OpKind::Round, "Round"),
    plain(OpKind::Erf, "Erf"),
    plain(OpKind::Sin, "Sin"),
    plain(OpKind::Cos, "Cos"),
    plain(OpKind::Tan, "Tan"),
    plain(OpKind::Asin, "Asin"),
    plain(OpKind::Acos, "Acos"),
    plain(OpKind::Atan, "Atan"),
    plain(OpKind::Sinh, "Sinh"),
    plain(OpKind::Cosh, "Cosh"),
    plain(OpKind::Not, "Not"),
    plain(OpKind::IsNaN, "IsNaN"),
    {OpKind::IsInf, "IsInf", write_is_inf},
    {OpKind::Cast, "Cast", write_cast},
    {OpKind::Quantize, "QuantizeLinear", write_quantize},
    {OpKind::Dequantize, "DequantizeLinear", write_dequantize, Layout::own},
};

}  // namespace

std::span<const Row> elementwise_rows() {
  return kRows;
}

}  // namespace quern::onnx_writer
