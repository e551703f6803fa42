#include "plan/program_rules.h"

#include <algorithm>

#include "base/error.h"
#include "base/width.h"
#include "graph/verify_attrs.h"
#include "plan/program_pieces.h"
#include "plan/program_shapes.h"

namespace quern {

namespace {

/// Which element types the operands of a kind have.
enum class Types : uint8_t {
  product,     ///< x quantized, weights of 8 bits, bias int32 or int64; out quantized or float32
  matrix,      ///< both quantized; out quantized or float32
  quantized,   ///< all of them
  activation,  ///< x quantized, or the float32 that a product gives; out quantized
  moved,       ///< one type for all, any
  index,       ///< x quantized, out int32 or int64
  quantize,    ///< x quantized or float32, out quantized
  dequantize,  ///< x quantized, out float32
};

struct Rule {
  Engine engine;
  Types types;
  shape_rules::Rule shape;
};

std::optional<Rule> rule_of(OpKind kind) {
  namespace r = shape_rules;
  switch (kind) {
    case OpKind::Conv:
      return Rule{Engine::conv, Types::product, r::conv};
    case OpKind::ConvTranspose:
      return Rule{Engine::conv, Types::product, r::conv_transpose};
    case OpKind::FullyConnected:
      return Rule{Engine::conv, Types::product, r::fully_connected};
    case OpKind::MatMul:
      return Rule{Engine::conv, Types::matrix, r::matmul};
    case OpKind::MaxPool:
    case OpKind::AveragePool:
      return Rule{Engine::vector, Types::quantized, r::pool};
    case OpKind::DepthToSpace:
      return Rule{Engine::vector, Types::moved, r::depth_to_space};
    case OpKind::SpaceToDepth:
      return Rule{Engine::vector, Types::moved, r::space_to_depth};
    case OpKind::Add:
    case OpKind::Sub:
    case OpKind::Mul:
    case OpKind::Div:
    case OpKind::Min:
    case OpKind::Max:
    case OpKind::Pow:
      return Rule{Engine::vector, Types::quantized, r::binary};
    case OpKind::PRelu:
      return Rule{Engine::vector, Types::quantized, r::prelu};
    case OpKind::ReduceMean:
    case OpKind::ReduceSum:
    case OpKind::ReduceMax:
    case OpKind::ReduceMin:
    case OpKind::ReduceL2:
      return Rule{Engine::vector, Types::quantized, r::reduce};
    case OpKind::ArgMax:
    case OpKind::ArgMin:
      return Rule{Engine::vector, Types::index, r::arg_reduce};
    case OpKind::Softmax:
    case OpKind::LogSoftmax:
      return Rule{Engine::vector, Types::quantized, r::softmax};
    case OpKind::LpNorm:
      return Rule{Engine::vector, Types::quantized, r::lp_norm};
    case OpKind::Concat:
      return Rule{Engine::vector, Types::moved, r::concat};
    case OpKind::Split:
      return Rule{Engine::vector, Types::moved, r::split};
    case OpKind::Slice:
      return Rule{Engine::vector, Types::moved, r::slice};
    case OpKind::Pad:
      return Rule{Engine::vector, Types::moved, r::pad};
    case OpKind::Transpose:
      return Rule{Engine::vector, Types::moved, r::transpose};
    case OpKind::Expand:
      return Rule{Engine::vector, Types::moved, r::expand};
    case OpKind::Tile:
      return Rule{Engine::vector, Types::moved, r::tile};
    case OpKind::Reshape:
    case OpKind::Flatten:
    case OpKind::Squeeze:
    case OpKind::Unsqueeze:
      return Rule{Engine::vector, Types::moved, r::reshape};
    case OpKind::Identity:
      return Rule{Engine::vector, Types::moved, r::same};
    case OpKind::Resize:
      return Rule{Engine::vector, Types::quantized, r::resize};
    case OpKind::Quantize:
      return Rule{Engine::vector, Types::quantize, r::same};
    case OpKind::Dequantize:
      return Rule{Engine::vector, Types::dequantize, r::same};
    case OpKind::Not:
    case OpKind::IsNaN:
    case OpKind::IsInf:
      return std::nullopt;
    default:
      if (info(kind).family == OpFamily::unary) return Rule{Engine::vector, Types::activation, r::same};
      return std::nullopt;
  }
}

bool is_code(const Piece& piece) {
  return (is_8bit(piece.dtype) || is_16bit(piece.dtype)) && piece.quantization >= 0;
}
bool is_real(const Piece& piece) {
  return piece.dtype == DType::float32 && piece.quantization < 0;
}
bool is_bias(const Piece& piece) {
  return piece.dtype == DType::int32 || piece.dtype == DType::int64;
}
bool is_index(const Piece& piece) {
  return is_bias(piece) && piece.quantization < 0;
}

bool input_fits(Types types, const Computation& c, size_t i) {
  const Piece& piece = c.inputs[i];
  switch (types) {
    case Types::product:
      if (i == 2) return is_bias(piece);
      return is_code(piece) && (i == 0 || is_8bit(piece.dtype));
    case Types::moved:
      return piece.dtype == c.inputs[0].dtype && (piece.quantization < 0) == (c.inputs[0].quantization < 0);
    case Types::quantize:
    case Types::activation:
      return is_code(piece) || is_real(piece);
    default:
      return is_code(piece);
  }
}

bool output_fits(Types types, const Computation& c, const Piece& piece) {
  switch (types) {
    case Types::product:
    case Types::matrix:
      return is_code(piece) || is_real(piece);
    case Types::moved:
      return piece.dtype == c.inputs[0].dtype && (piece.quantization < 0) == (c.inputs[0].quantization < 0);
    case Types::index:
      return is_index(piece);
    case Types::dequantize:
      return is_real(piece);
    default:
      return is_code(piece);
  }
}

Status check_types(Types types, const Computation& c) {
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    if (is_absent(c.inputs[i]) || input_fits(types, c, i)) continue;
    return fail(ErrorCode::invalid_file, "its input {} is {}{}, which the machine does not take there", i,
                to_string(c.inputs[i].dtype), c.inputs[i].quantization < 0 ? " without a scale" : "");
  }
  for (size_t i = 0; i < c.outputs.size(); ++i) {
    if (output_fits(types, c, c.outputs[i])) continue;
    return fail(ErrorCode::invalid_file, "its output {} is {}{}, which the machine does not give there", i,
                to_string(c.outputs[i].dtype), c.outputs[i].quantization < 0 ? " without a scale" : "");
  }
  return {};
}

/// Scales one a slice are for the weights and the bias of a product, and count the slices of their axis.
Status check_axes(Types types, const Computation& c, std::span<const Quantization> quantizations) {
  const auto check = [&](const Piece& piece, bool may_be_per_axis) -> Status {
    if (is_absent(piece) || piece.quantization < 0) return {};
    const Quantization& q = quantizations[static_cast<size_t>(piece.quantization)];
    if (!q.per_axis()) return {};
    if (!may_be_per_axis) return fail(ErrorCode::invalid_file, "an activation has {} scales", q.scales.size());
    const bool exists = q.axis >= 0 && static_cast<size_t>(q.axis) < piece.shape.size();
    if (exists && piece.shape[static_cast<size_t>(q.axis)] == static_cast<int64_t>(q.scales.size())) return {};
    return fail(ErrorCode::invalid_file, "{} scales along axis {} do not fit the shape {}", q.scales.size(), q.axis,
                to_string(piece.shape));
  };
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    QUERN_CHECK(check(c.inputs[i], i > 0 && (types == Types::product || types == Types::matrix)));
  }
  for (const Piece& output : c.outputs) QUERN_CHECK(check(output, false));
  return {};
}

Status check_count(const Computation& c) {
  const OpInfo& row = info(c.kind);
  // Parameters are in the attributes: only those inputs may be there that are none.
  size_t most = row.max_inputs < 0 ? c.inputs.size() : static_cast<size_t>(row.max_inputs);
  while (most > 0 && ((row.parameters >> (most - 1)) & 1U) != 0) --most;
  if (c.inputs.size() > most || c.inputs.size() < static_cast<size_t>(row.min_inputs)) {
    return fail(ErrorCode::invalid_file, "it has {} inputs; the least is {}, the most {}", c.inputs.size(),
                row.min_inputs, most);
  }
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    if (is_absent(c.inputs[i]) && (row.max_inputs < 0 || i < static_cast<size_t>(row.min_inputs))) {
      return fail(ErrorCode::invalid_file, "its input {} is missing", i);
    }
  }
  const bool one = c.outputs.size() == 1 || (row.outputs < 0 && !c.outputs.empty());
  if (one) return {};
  return fail(ErrorCode::invalid_file, "it has {} outputs", c.outputs.size());
}

}  // namespace

std::optional<Engine> engine_of(OpKind kind) {
  const auto rule = rule_of(kind);
  return rule ? std::optional(rule->engine) : std::nullopt;
}

Status check_operator(const Computation& c, std::span<const Quantization> quantizations) {
  const auto rule = rule_of(c.kind);
  if (!rule) return fail(ErrorCode::invalid_file, "the machine does not compute {}", info(c.kind).name);
  if (c.attrs.index() != default_attrs(c.kind).index()) {
    return fail(ErrorCode::invalid_file, "it carries the attributes of another kind");
  }
  QUERN_CHECK(verify_attrs(c.attrs));
  QUERN_CHECK(check_count(c));
  QUERN_CHECK(check_types(rule->types, c));
  QUERN_CHECK(check_axes(rule->types, c, quantizations));
  return rule->shape(c);
}

}  // namespace quern
