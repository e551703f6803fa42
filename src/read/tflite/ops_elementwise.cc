// Element by element: one input or two, and the few that take several of our operators.
#include "read/tflite/operators.h"

namespace quern::tflite {

namespace {

template <typename Options>
Status read_clamped(Node& node, OpKind kind) {
  QUERN_TRY(const auto* options, node.options<Options>());
  QUERN_TRY(const Clamp clamp, clamp_of(options->activation()));
  QUERN_TRY(auto inputs, node.all_values());
  node.add(kind, std::move(inputs), {node.result()}).attrs = ClampAttrs{clamp};
  return {};
}

Status read_unary(Node& node, OpKind kind, UnaryAttrs attrs) {
  QUERN_TRY(const ValueId x, node.value(0));
  node.add(kind, {x}, {node.result()}).attrs = attrs;
  return {};
}

/// a and b through `kind` into a new value beside the operator's own.
ValueId combine(Node& node, OpKind kind, ValueId a, ValueId b, const char* suffix, DType dtype) {
  const ValueId out = node.temporary(suffix, dtype);
  node.add(kind, {a, b}, {out});
  return out;
}

}  // namespace

Status read_plain(Node& node) {
  QUERN_TRY(auto inputs, node.all_values());
  node.add(node.row().kind, std::move(inputs), node.all_results());
  return {};
}

Status read_add(Node& node) {
  return read_clamped<schema::AddOptions>(node, OpKind::Add);
}
Status read_sub(Node& node) {
  return read_clamped<schema::SubOptions>(node, OpKind::Sub);
}
Status read_mul(Node& node) {
  return read_clamped<schema::MulOptions>(node, OpKind::Mul);
}
Status read_div(Node& node) {
  return read_clamped<schema::DivOptions>(node, OpKind::Div);
}

Status read_add_n(Node& node) {
  QUERN_CHECK(node.refuse_quantized());
  QUERN_TRY(const auto inputs, node.all_values());
  if (inputs.size() == 1) {
    node.add(OpKind::Identity, inputs, {node.result()});
    return {};
  }
  ValueId sum = inputs[0];
  for (size_t i = 1; i + 1 < inputs.size(); ++i) {
    sum = combine(node, OpKind::Add, sum, inputs[i], "sum", node.output().dtype);
  }
  node.add(OpKind::Add, {sum, inputs.back()}, {node.result()});
  return {};
}

// floor(a / b). Our integer division truncates, so integers take away the remainder first, which makes it exact.
Status read_floor_div(Node& node) {
  QUERN_CHECK(node.refuse_quantized());
  QUERN_TRY(const ValueId a, node.value(0));
  QUERN_TRY(const ValueId b, node.value(1));
  const DType dtype = node.output().dtype;
  if (is_float(dtype)) {
    node.add(OpKind::Floor, {combine(node, OpKind::Div, a, b, "quotient", dtype)}, {node.result()});
    return {};
  }
  const ValueId remainder = combine(node, OpKind::Mod, a, b, "remainder", dtype);
  const ValueId whole = combine(node, OpKind::Sub, a, remainder, "whole", dtype);
  node.add(OpKind::Div, {whole, b}, {node.result()});
  return {};
}

// The remainder with the divisor's sign. Our Mod of floats has the dividend's sign, so b is added where the signs
// differ.
Status read_floor_mod(Node& node) {
  QUERN_CHECK(node.refuse_quantized());
  const DType dtype = node.output().dtype;
  if (!is_float(dtype)) return read_plain(node);
  QUERN_TRY(const ValueId a, node.value(0));
  QUERN_TRY(const ValueId b, node.value(1));
  const ValueId remainder = combine(node, OpKind::Mod, a, b, "remainder", dtype);
  const ValueId product = combine(node, OpKind::Mul, remainder, b, "product", dtype);
  const ValueId zero = node.constant("zero", Tensor::of<float>({}, {0.0f}));
  const ValueId differ = combine(node, OpKind::Less, product, zero, "differ", DType::boolean);
  const ValueId moved = combine(node, OpKind::Add, remainder, b, "moved", dtype);
  node.add(OpKind::Where, {differ, moved, remainder}, {node.result()});
  return {};
}

Status read_squared_difference(Node& node) {
  QUERN_CHECK(node.refuse_quantized());
  QUERN_TRY(const ValueId a, node.value(0));
  QUERN_TRY(const ValueId b, node.value(1));
  node.add(OpKind::Square, {combine(node, OpKind::Sub, a, b, "difference", node.output().dtype)}, {node.result()});
  return {};
}

Status read_not_equal(Node& node) {
  QUERN_TRY(const ValueId a, node.value(0));
  QUERN_TRY(const ValueId b, node.value(1));
  node.add(OpKind::Not, {combine(node, OpKind::Equal, a, b, "equal", DType::boolean)}, {node.result()});
  return {};
}

// The older SELECT takes a list of conditions as one for each outermost index; ours broadcasts from the innermost axis.
Status read_select(Node& node) {
  QUERN_TRY(auto inputs, node.all_values());
  const size_t rank = node.input(1).shape.size();
  if (node.input(0).shape.size() == 1 && rank > 1) {
    AxesAttrs attrs;
    for (size_t axis = 1; axis < rank; ++axis) attrs.axes.push_back(static_cast<int64_t>(axis));
    const ValueId column = node.temporary("condition", DType::boolean);
    node.add(OpKind::Unsqueeze, {inputs[0]}, {column}).attrs = attrs;
    inputs[0] = column;
  }
  node.add(OpKind::Where, std::move(inputs), {node.result()});
  return {};
}

Status read_relu6(Node& node) {
  return read_unary(node, OpKind::Clip, {.alpha = 0, .beta = 6});
}
Status read_relu_n1_to_1(Node& node) {
  return read_unary(node, OpKind::Clip, {.alpha = -1, .beta = 1});
}
Status read_relu_0_to_1(Node& node) {
  return read_unary(node, OpKind::Clip, {.alpha = 0, .beta = 1});
}
Status read_elu(Node& node) {
  return read_unary(node, OpKind::Elu, {.alpha = 1});
}

Status read_leaky_relu(Node& node) {
  QUERN_TRY(const auto* options, node.options<schema::LeakyReluOptions>());
  return read_unary(node, OpKind::LeakyRelu, {.alpha = static_cast<double>(options->alpha())});
}

Status read_gelu(Node& node) {
  QUERN_TRY(const auto* options, node.options<schema::GeluOptions>());
  return read_unary(node, OpKind::Gelu, {.alpha = options->approximate() ? 1.0 : 0.0});
}

}  // namespace quern::tflite
