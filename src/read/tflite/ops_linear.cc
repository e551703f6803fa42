// Matrix products.
#include "read/tflite/layout.h"
#include "read/tflite/operators.h"

namespace quern::tflite {

namespace {

/// TFLite flattens the input to rows of the weights' length, unless it is one row an outermost index already.
Result<ValueId> as_rows(Node& node, ValueId x, int64_t length) {
  const Shape& shape = node.input(0).shape;
  if (shape.size() == 2 && shape[1] == length) return x;
  const ValueId rows = node.temporary_like("rows", x);
  node.add(OpKind::Reshape, {x}, {rows}).attrs = ReshapeAttrs{.shape = {-1, length}};
  return rows;
}

}  // namespace

Status read_fully_connected(Node& node) {
  QUERN_TRY(const auto* options, node.options<schema::FullyConnectedOptions>());
  if (options->weights_format() != schema::WeightsFormat::DEFAULT) {
    return fail(ErrorCode::unsupported,
                "its weights are shuffled for one processor (format {}); convert the model again without it",
                static_cast<int>(options->weights_format()));
  }
  const Shape& weights_shape = node.input(1).shape;
  if (weights_shape.size() != 2 || weights_shape[1] < 1) {
    return fail(ErrorCode::invalid_file, "its weights have shape {}; they must be outputs x inputs",
                to_string(weights_shape));
  }
  if (node.input(1).quantization.per_axis() && node.input(1).quantization.axis != 0) {
    return fail(ErrorCode::invalid_file,
                "its weights are quantized along axis {}; they must be along axis 0, the outputs",
                node.input(1).quantization.axis);
  }
  QUERN_CHECK(node.refuse_hybrid(0, 1));
  QUERN_TRY(const Clamp clamp, clamp_of(options->activation()));
  QUERN_TRY(ValueId x, node.value(0));
  QUERN_TRY(const ValueId weights, node.value(1));
  QUERN_TRY(const ValueId bias, node.optional_value(2));
  if (!options->keep_num_dims()) {
    QUERN_TRY(x, as_rows(node, x, weights_shape[1]));
  }
  node.add(OpKind::FullyConnected, with_optional({x, weights}, bias), {node.result()}).attrs = ClampAttrs{clamp};
  return {};
}

Status read_batch_matmul(Node& node) {
  QUERN_TRY(const auto* options, node.options<schema::BatchMatMulOptions>());
  QUERN_CHECK(node.refuse_hybrid(0, 1));
  QUERN_TRY(const ValueId a, node.value(0));
  QUERN_TRY(const ValueId b, node.value(1));
  MatMulAttrs attrs;
  attrs.transpose_a = options->adj_x();
  attrs.transpose_b = options->adj_y();
  node.add(OpKind::MatMul, {a, b}, {node.result()}).attrs = attrs;
  return {};
}

}  // namespace quern::tflite
