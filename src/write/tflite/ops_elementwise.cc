// Element by element, and changes of type.
#include <cmath>

#include "write/tflite/operands.h"
#include "write/tflite/rows.h"

namespace quern::tflite_writer {

namespace {

/// The operands of a broadcast, and the axes TFLite's kernels take.
Result<Indices> operands(Call& call, size_t count = 2) {
  constexpr size_t kMostAxes = 5;
  Indices inputs;
  for (size_t i = 0; i < count; ++i) {
    if (call.input(i).shape.size() > kMostAxes) {
      return call.fail(ErrorCode::unsupported, "operand {} has {} axes; TFLite broadcasts at most {}", i,
                       call.input(i).shape.size(), kMostAxes);
    }
    inputs.push_back(call.read(i));
  }
  return inputs;
}

template <typename Options>
Status write_arithmetic(Call& call) {
  QUERN_TRY(const Indices inputs, operands(call));
  const auto [y, fused] = call.give_clamped(call.as<ClampAttrs>().clamp);
  Options options;
  options.activation = fused;
  call.cx.op(call.row.code, inputs, {y}, std::move(options));
  return {};
}

Status write_binary(Call& call) {
  QUERN_TRY(const Indices inputs, operands(call));
  call.cx.op(call.row.code, inputs, {call.give()});
  return {};
}

/// The integer kernels compare codes, so both operands are rounded to the result's scale first.
Status write_extreme(Call& call) {
  QUERN_TRY(Indices inputs, operands(call));
  for (int& input : inputs) input = call.requantized(input);
  call.cx.op(call.row.code, inputs, {call.give()});
  return {};
}

/// TFLite's FLOOR_MOD has the divisor's sign, as our integers; our floats have the dividend's.
Status write_mod(Call& call) {
  if (is_float(call.output().dtype)) {
    return call.fail(ErrorCode::unsupported,
                     "of floats it has the dividend's sign, which no TFLite operator gives; cut the graph before it");
  }
  return write_binary(call);
}

Status write_where(Call& call) {
  QUERN_TRY(Indices inputs, operands(call, 3));
  call.cx.op(B::SELECT_V2, inputs, {call.give()});
  return {};
}

bool is_plain_where(const Graph& graph, const Op& op) {
  const Quantization& y = graph.value(op.outputs[0]).quantization;
  return all_coded(graph, op) && graph.value(op.inputs[1]).quantization == y &&
         graph.value(op.inputs[2]).quantization == y;
}

Status write_unary(Call& call) {
  const int x = call.read(0);
  call.cx.op(call.row.code, {x}, {call.give()});
  return {};
}

/// Bounds that an operator has, in one; others as a MAXIMUM and a MINIMUM.
Status write_clip(Call& call) {
  const auto& attrs = call.as<UnaryAttrs>();
  const Clamp clamp{static_cast<float>(attrs.alpha), static_cast<float>(attrs.beta)};
  int x = call.read(0);
  const Clamp relu6{0, 6};
  const Clamp relu1{-1, 1};
  if (clamp == relu6 || clamp == relu1) {
    call.cx.op(clamp == relu6 ? B::RELU6 : B::RELU_N1_TO_1, {x}, {call.give()});
    return {};
  }
  x = call.requantized(x);
  if (!clamp.active()) {
    call.cx.op(B::RESHAPE, {x, call.cx.ints(call.output().shape)}, {call.give()});
    return {};
  }
  const bool low = !std::isinf(clamp.low);
  const bool high = !std::isinf(clamp.high);
  const int y = call.give();
  const int between = low && high ? call.like(y, "_low") : y;
  if (low) call.cx.op(B::MAXIMUM, {x, call.bound(y, clamp.low, "_least")}, {between});
  if (high) call.cx.op(B::MINIMUM, {low ? between : x, call.bound(y, clamp.high, "_most")}, {y});
  return {};
}

Status write_leaky_relu(Call& call) {
  schema::LeakyReluOptionsT options;
  options.alpha = static_cast<float>(call.as<UnaryAttrs>().alpha);
  const int x = call.read(0);
  call.cx.op(B::LEAKY_RELU, {x}, {call.give()}, std::move(options));
  return {};
}

Status write_elu(Call& call) {
  if (call.as<UnaryAttrs>().alpha != 1) {
    return call.fail(ErrorCode::unsupported, "its alpha is {}; TFLite's ELU has only 1", call.as<UnaryAttrs>().alpha);
  }
  return write_unary(call);
}

Status write_gelu(Call& call) {
  schema::GeluOptionsT options;
  options.approximate = call.as<UnaryAttrs>().alpha != 0;
  const int x = call.read(0);
  call.cx.op(B::GELU, {x}, {call.give()}, std::move(options));
  return {};
}

int number(Call& call, double value, const char* suffix) {
  return call.cx.constant(call.name() + suffix, Tensor::of<float>({}, {static_cast<float>(value)}));
}

/// x * sigmoid(alpha * x); always in float, since what lies between has no scale.
Status write_swish(Call& call) {
  const double alpha = call.as<UnaryAttrs>().alpha;
  const int x = call.read(0);
  int scaled = x;
  if (alpha != 1) {
    scaled = call.like(x, "_scaled");
    call.cx.op(B::MUL, {x, number(call, alpha, "_alpha")}, {scaled}, schema::MulOptionsT{});
  }
  const int gate = call.like(x, "_gate");
  call.cx.op(B::LOGISTIC, {scaled}, {gate});
  call.cx.op(B::MUL, {x, gate}, {call.give()}, schema::MulOptionsT{});
  return {};
}

/// clamp(alpha * x + beta, 0, 1)
Status write_hard_sigmoid(Call& call) {
  const auto& attrs = call.as<UnaryAttrs>();
  const int x = call.read(0);
  const int scaled = call.like(x, "_scaled");
  const int moved = call.like(x, "_moved");
  const int low = call.like(x, "_low");
  call.cx.op(B::MUL, {x, number(call, attrs.alpha, "_alpha")}, {scaled}, schema::MulOptionsT{});
  call.cx.op(B::ADD, {scaled, number(call, attrs.beta, "_beta")}, {moved}, schema::AddOptionsT{});
  call.cx.op(B::MAXIMUM, {moved, number(call, 0, "_zero")}, {low});
  call.cx.op(B::MINIMUM, {low, number(call, 1, "_one")}, {call.give()});
  return {};
}

/// log(1 + exp(x)), as max(x, 0) + log(1 + exp(-|x|)): nothing overflows.
int softplus(Call& call, int x) {
  const int size = call.like(x, "_size");
  const int below = call.like(x, "_below");
  const int power = call.like(x, "_power");
  const int sum = call.like(x, "_sum");
  const int rest = call.like(x, "_rest");
  const int above = call.like(x, "_above");
  const int out = call.like(x, "_softplus");
  call.cx.op(B::ABS, {x}, {size});
  call.cx.op(B::NEG, {size}, {below});
  call.cx.op(B::EXP, {below}, {power});
  call.cx.op(B::ADD, {power, number(call, 1, "_one")}, {sum}, schema::AddOptionsT{});
  call.cx.op(B::LOG, {sum}, {rest});
  call.cx.op(B::RELU, {x}, {above});
  call.cx.op(B::ADD, {above, rest}, {out}, schema::AddOptionsT{});
  return out;
}

Status write_softplus(Call& call) {
  const int out = softplus(call, call.read(0));
  const Shape shape = call.output().shape;
  call.cx.op(B::RESHAPE, {out, call.cx.ints(shape)}, {call.give()});
  return {};
}

Status write_mish(Call& call) {
  const int x = call.read(0);
  const int soft = softplus(call, x);
  const int bent = call.like(x, "_bent");
  call.cx.op(B::TANH, {soft}, {bent});
  call.cx.op(B::MUL, {x, bent}, {call.give()}, schema::MulOptionsT{});
  return {};
}

Status write_reciprocal(Call& call) {
  const int x = call.read(0);
  call.cx.op(B::DIV, {number(call, 1, "_one"), x}, {call.give()}, schema::DivOptionsT{});
  return {};
}

/// int8 on 1/256 (uint8 on the same from 0): what the kernels of Sigmoid give.
bool is_integer_sigmoid(const Graph& graph, const Op& op) {
  return gives(graph, op, 1.0F / 256, -128);
}
bool is_integer_tanh(const Graph& graph, const Op& op) {
  return gives(graph, op, 1.0F / 128, 0);
}

/// The types change, never the kind of call.
bool always(const Graph&, const Op&) {
  return true;
}

constexpr Row kRows[] = {
    {OpKind::Add, B::ADD, write_arithmetic<schema::AddOptionsT>, all_coded},
    {OpKind::Sub, B::SUB, write_arithmetic<schema::SubOptionsT>, all_coded},
    {OpKind::Mul, B::MUL, write_arithmetic<schema::MulOptionsT>, all_coded},
    {OpKind::Div, B::DIV, write_arithmetic<schema::DivOptionsT>},
    {OpKind::Pow, B::POW, write_binary},
    {OpKind::Mod, B::FLOOR_MOD, write_mod},
    {OpKind::Max, B::MAXIMUM, write_extreme, all_coded},
    {OpKind::Min, B::MINIMUM, write_extreme, all_coded},
    {OpKind::PRelu, B::PRELU, write_binary, all_coded},
    {OpKind::Equal, B::EQUAL, write_binary},
    {OpKind::Less, B::LESS, write_binary},
    {OpKind::LessOrEqual, B::LESS_EQUAL, write_binary},
    {OpKind::Greater, B::GREATER, write_binary},
    {OpKind::GreaterOrEqual, B::GREATER_EQUAL, write_binary},
    {OpKind::And, B::LOGICAL_AND, write_binary},
    {OpKind::Or, B::LOGICAL_OR, write_binary},
    {OpKind::Xor, B::NOT_EQUAL, write_binary},
    {OpKind::Where, B::SELECT_V2, write_where, is_plain_where},
    {OpKind::Relu, B::RELU, write_unary, all_coded},
    {OpKind::Clip, B::RELU6, write_clip, all_coded},
    {OpKind::LeakyRelu, B::LEAKY_RELU, write_leaky_relu, all_coded},
    {OpKind::Elu, B::ELU, write_elu},
    {OpKind::HardSigmoid, B::MUL, write_hard_sigmoid},
    {OpKind::HardSwish, B::HARD_SWISH, write_unary, all_coded},
    {OpKind::Sigmoid, B::LOGISTIC, write_unary, is_integer_sigmoid},
    {OpKind::Tanh, B::TANH, write_unary, is_integer_tanh},
    {OpKind::Swish, B::MUL, write_swish},
    {OpKind::Gelu, B::GELU, write_gelu, all_coded},
    {OpKind::Softplus, B::LOG, write_softplus},
    {OpKind::Mish, B::MUL, write_mish},
    {OpKind::Exp, B::EXP, write_unary, all_int8},
    {OpKind::Log, B::LOG, write_unary},
    {OpKind::Sqrt, B::SQRT, write_unary},
    {OpKind::Rsqrt, B::RSQRT, write_unary},
    {OpKind::Square, B::SQUARE, write_unary},
    {OpKind::Reciprocal, B::DIV, write_reciprocal},
    {OpKind::Abs, B::ABS, write_unary, all_coded},
    {OpKind::Neg, B::NEG, write_unary},
    {OpKind::Sign, B::SIGN, write_unary},
    {OpKind::Floor, B::FLOOR, write_unary},
    {OpKind::Ceil, B::CEIL, write_unary},
    {OpKind::Round, B::ROUND, write_unary},
    {OpKind::Sin, B::SIN, write_unary},
    {OpKind::Cos, B::COS, write_unary},
    {OpKind::Not, B::LOGICAL_NOT, write_unary},
    {OpKind::Cast, B::CAST, write_unary},
    {OpKind::Quantize, B::QUANTIZE, write_unary, always},
    {OpKind::Dequantize, B::DEQUANTIZE, write_unary, always},
};

}  // namespace

std::span<const Row> elementwise_rows() {
  return kRows;
}

}  // namespace quern::tflite_writer
