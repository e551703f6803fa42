// Element by element: arithmetic, comparisons, activations, types.
#include <cmath>
#include <limits>

#include "read/onnx/quantization.h"
#include "read/onnx/rows.h"

namespace quern::onnx {

namespace {

Status read_plain(Context& cx, Node& node) {
  cx.emit(node, node.op, node.inputs, node.outputs);
  return {};
}

/// Add, Sub, Mul, Div; opset 7 and later broadcast as numpy does.
Status read_arithmetic(Context& cx, Node& node) {
  cx.emit(node, node.op, node.inputs, node.outputs, ClampAttrs{node.clamp});
  return {};
}

/// Combines any number of inputs pairwise, from the left. Gives the last pair's inputs.
std::pair<ValueId, ValueId> combine_all_but_last(Context& cx, Node& node) {
  ValueId left = node.inputs[0];
  const std::string name = cx.graph.value(node.outputs[0]).name;
  for (size_t i = 1; i + 1 < node.inputs.size(); ++i) {
    const ValueId partial = cx.make_like(name + "@part", left);
    cx.emit_helper(node.op, {left, node.inputs[i]}, partial, default_attrs(node.op), node.kind);
    left = partial;
  }
  return {left, node.inputs.back()};
}

Status check_all_present(const Node& node) {
  for (const ValueId id : node.inputs) {
    if (id == kNoValue) return node.fail(ErrorCode::invalid_file, "one of its inputs is missing");
  }
  return {};
}

/// Max, Min, Sum.
Status read_many(Context& cx, Node& node) {
  QUERN_CHECK(check_all_present(node));
  if (node.inputs.size() == 1) {
    cx.emit(node, OpKind::Identity, node.inputs, node.outputs);
    return {};
  }
  const auto [left, right] = combine_all_but_last(cx, node);
  cx.emit(node, node.op, {left, right}, node.outputs);
  return {};
}

Status read_mean(Context& cx, Node& node) {
  QUERN_CHECK(check_all_present(node));
  const auto count = static_cast<float>(node.inputs.size());
  if (node.inputs.size() == 1) return read_many(cx, node);
  const auto [left, right] = combine_all_but_last(cx, node);
  const std::string name = cx.graph.value(node.outputs[0]).name;
  const ValueId sum = cx.make_like(name + "@sum", left);
  cx.emit_helper(OpKind::Add, {left, right}, sum, ClampAttrs{}, node.kind);
  const ValueId divisor = cx.make_constant(name + "@count", Tensor::of<float>({}, {count}));
  cx.emit(node, OpKind::Div, {sum, divisor}, node.outputs);
  return {};
}

Status read_mod(Context& cx, Node& node) {
  // fmod 1 on integers takes the sign of the dividend, which Mod gives to floats only.
  if (node.attributes.flag("fmod", false) && !is_float(cx.graph.value(node.inputs[0]).dtype)) {
    return node.fail(ErrorCode::unsupported, "attribute 'fmod' is 1 on integers; 0 is read");
  }
  return read_plain(cx, node);
}

/// alpha, with the operator's own default.
struct AlphaDefault {
  OpKind kind;
  float alpha;
};
constexpr AlphaDefault kAlphaDefaults[] = {
    {OpKind::LeakyRelu, 0.01f}, {OpKind::Elu, 1}, {OpKind::Celu, 1}, {OpKind::ThresholdedRelu, 1}, {OpKind::Swish, 1},
};

Status read_with_alpha(Context& cx, Node& node) {
  UnaryAttrs attrs;
  for (const AlphaDefault& row : kAlphaDefaults) {
    if (row.kind == node.op) attrs.alpha = node.attributes.number("alpha", row.alpha);
  }
  cx.emit(node, node.op, node.inputs, node.outputs, attrs);
  return {};
}

Status read_selu(Context& cx, Node& node) {
  UnaryAttrs attrs;
  attrs.alpha = node.attributes.number("alpha", 1.67326319217681884765625f);
  attrs.beta = node.attributes.number("gamma", 1.05070102214813232421875f);
  cx.emit(node, node.op, node.inputs, node.outputs, attrs);
  return {};
}

Status read_hard_sigmoid(Context& cx, Node& node) {
  UnaryAttrs attrs;
  attrs.alpha = node.attributes.number("alpha", 0.2f);
  attrs.beta = node.attributes.number("beta", 0.5f);
  cx.emit(node, node.op, node.inputs, node.outputs, attrs);
  return {};
}

Status read_is_inf(Context& cx, Node& node) {
  UnaryAttrs attrs;
  attrs.alpha = node.attributes.flag("detect_positive", true) ? 1 : 0;
  attrs.beta = node.attributes.flag("detect_negative", true) ? 1 : 0;
  cx.emit(node, node.op, node.inputs, node.outputs, attrs);
  return {};
}

constexpr Choice<double> kGeluKinds[] = {{"none", 0}, {"tanh", 1}};

Status read_gelu(Context& cx, Node& node) {
  UnaryAttrs attrs;
  attrs.alpha = node.attributes.choice<double>("approximate", kGeluKinds, "none");
  cx.emit(node, node.op, node.inputs, node.outputs, attrs);
  return {};
}

/// Bounds are attributes before opset 11 and inputs after.
Status read_clip(Context& cx, Node& node) {
  UnaryAttrs attrs;
  attrs.alpha = -std::numeric_limits<double>::infinity();
  attrs.beta = std::numeric_limits<double>::infinity();
  if (node.opset < 11) {
    if (node.has_input(1)) return node.fail(ErrorCode::invalid_file, "bounds are no inputs at opset {}", node.opset);
    if (node.attributes.has("min")) attrs.alpha = node.attributes.number("min", 0);
    if (node.attributes.has("max")) attrs.beta = node.attributes.number("max", 0);
  }
  cx.emit(node, OpKind::Clip, node.inputs, node.outputs, attrs);
  return {};
}

/// Half precision exists outside only: inside a cast to it is one to float32.
Status read_cast(Context& cx, Node& node) {
  const auto to = static_cast<int32_t>(node.attributes.integer("to", 0));
  node.attributes.ignore({"saturate", "round_mode"});  // about float8
  const bool half = to == TensorProto::FLOAT16 || to == TensorProto::BFLOAT16;
  QUERN_TRY(const DType dtype, element_type(half ? static_cast<int32_t>(TensorProto::FLOAT) : to));
  cx.emit(node, OpKind::Cast, {node.inputs[0]}, node.outputs, CastAttrs{dtype});
  return {};
}

Status read_cast_like(Context& cx, Node& node) {
  const Value& like = cx.graph.value(node.inputs[1]);
  if (!like.shape_known) {
    return node.fail(ErrorCode::unsupported, "the type of '{}' is not known while reading; use Cast", like.name);
  }
  const DType to = like.dtype == DType::float16 ? DType::float32 : like.dtype;
  node.attributes.ignore({"saturate", "round_mode"});
  cx.emit(node, OpKind::Cast, {node.inputs[0]}, node.outputs, CastAttrs{to});
  return {};
}

/// In inference Dropout passes its input on.
Status read_dropout(Context& cx, Node& node) {
  node.attributes.ignore({"ratio", "seed", "is_test"});
  if (node.has_input(2)) {
    const Tensor* training = cx.constant(node.inputs[2]);
    const bool off = training != nullptr && training->dtype() == DType::boolean && training->size() == 1 &&
                     *static_cast<const uint8_t*>(training->raw()) == 0;
    if (!off)
      return node.fail(ErrorCode::unsupported,
                       "its input 'training_mode' is not a constant false; export for inference");
  }
  cx.emit(node, OpKind::Identity, {node.inputs[0]}, node.outputs);
  return {};
}

constexpr Row binary(std::string_view type, OpKind kind, Fold fold = Fold::never) {
  return {type, read_plain, kind, 2, 2, 1, fold};
}
constexpr Row unary(std::string_view type, OpKind kind) {
  return {type, read_plain, kind, 1, 1, 1, Fold::compute};
}
constexpr Row with_alpha(std::string_view type, OpKind kind) {
  return {type, read_with_alpha, kind, 1, 1, 1, Fold::compute};
}
constexpr Row arithmetic(std::string_view type, OpKind kind) {
  return {type, read_arithmetic, kind, 2, 2, 1, Fold::compute, 0, true};
}

constexpr Row kRows[] = {
    arithmetic("Add", OpKind::Add),
    arithmetic("Sub", OpKind::Sub),
    arithmetic("Mul", OpKind::Mul),
    arithmetic("Div", OpKind::Div),
    binary("Pow", OpKind::Pow),
    binary("PRelu", OpKind::PRelu, Fold::compute),
    binary("Equal", OpKind::Equal),
    binary("Less", OpKind::Less),
    binary("LessOrEqual", OpKind::LessOrEqual),
    binary("Greater", OpKind::Greater),
    binary("GreaterOrEqual", OpKind::GreaterOrEqual),
    binary("And", OpKind::And),
    binary("Or", OpKind::Or),
    binary("Xor", OpKind::Xor),
    {"Mod", read_mod, OpKind::Mod, 2, 2},
    {"Where", read_plain, OpKind::Where, 3, 3},
    {"Sum", read_many, OpKind::Add, 1, -1},
    {"Max", read_many, OpKind::Max, 1, -1},
    {"Min", read_many, OpKind::Min, 1, -1},
    {"Mean", read_mean, OpKind::Add, 1, -1},
    unary("Relu", OpKind::Relu),
    unary("HardSwish", OpKind::HardSwish),
    unary("Sigmoid", OpKind::Sigmoid),
    unary("Tanh", OpKind::Tanh),
    unary("Mish", OpKind::Mish),
    unary("Softplus", OpKind::Softplus),
    unary("Softsign", OpKind::Softsign),
    unary("Exp", OpKind::Exp),
    unary("Log", OpKind::Log),
    unary("Sqrt", OpKind::Sqrt),
    unary("Reciprocal", OpKind::Reciprocal),
    unary("Abs", OpKind::Abs),
    unary("Neg", OpKind::Neg),
    unary("Sign", OpKind::Sign),
    unary("Floor", OpKind::Floor),
    unary("Ceil", OpKind::Ceil),
    unary("Round", OpKind::Round),
    unary("Erf", OpKind::Erf),
    unary("Sin", OpKind::Sin),
    unary("Cos", OpKind::Cos),
    unary("Tan", OpKind::Tan),
    unary("Asin", OpKind::Asin),
    unary("Acos", OpKind::Acos),
    unary("Atan", OpKind::Atan),
    unary("Sinh", OpKind::Sinh),
    unary("Cosh", OpKind::Cosh),
    {"Not", read_plain, OpKind::Not},
    {"IsNaN", read_plain, OpKind::IsNaN},
    {"IsInf", read_is_inf, OpKind::IsInf},
    with_alpha("LeakyRelu", OpKind::LeakyRelu),
    with_alpha("Elu", OpKind::Elu),
    with_alpha("Celu", OpKind::Celu),
    with_alpha("ThresholdedRelu", OpKind::ThresholdedRelu),
    with_alpha("Swish", OpKind::Swish),
    {"Selu", read_selu, OpKind::Selu, 1, 1, 1, Fold::compute},
    {"HardSigmoid", read_hard_sigmoid, OpKind::HardSigmoid, 1, 1, 1, Fold::compute},
    {"Gelu", read_gelu, OpKind::Gelu, 1, 1, 1, Fold::compute},
    {"Clip", read_clip, OpKind::Clip, 1, 3, 1, Fold::compute, 0b110},
    {"Cast", read_cast, OpKind::Cast},
    {"CastLike", read_cast_like, OpKind::Cast, 2, 2},
    {"Identity", read_plain, OpKind::Identity, 1, 1, 1, Fold::move},
    {"Dropout", read_dropout, OpKind::Identity, 1, 3, 1, Fold::move, 0b110},
    {"QuantizeLinear", read_quantize_linear, OpKind::Quantize, 2, 3, 1, Fold::integer},
    {"DequantizeLinear", read_dequantize_linear, OpKind::Dequantize, 2, 3, 1, Fold::integer},
};

}  // namespace

std::span<const Row> elementwise_rows() {
  return kRows;
}

}  // namespace quern::onnx
