// Matrix products.
#include <cstring>

#include "read/onnx/convolution.h"
#include "read/onnx/layout.h"
#include "read/onnx/rows.h"

namespace quern::onnx {

Status emit_product(Context& cx, Node& node, ValueId a, ValueId b) {
  const bool matrix = cx.constant(b) != nullptr && cx.rank(b) == 2;
  if (node.quantized && matrix) {
    QUERN_TRY(const ValueId weights, matrix_weights(cx, b));
    cx.emit(node, OpKind::FullyConnected, {a, weights}, {node.outputs[0]}, ClampAttrs{node.clamp});
    return {};
  }
  MatMulAttrs attrs;
  attrs.clamp = node.clamp;
  cx.emit(node, OpKind::MatMul, {a, b}, {node.outputs[0]}, attrs);
  return {};
}

namespace {

Status read_matmul(Context& cx, Node& node) {
  return emit_product(cx, node, node.inputs[0], node.inputs[1]);
}

struct Gemm {
  ValueId a, b, c;
  float alpha, beta;
  bool transpose_a, transpose_b;
};

/// The constant `c` as one number for each of `channels`; kNoValue when it is not of that kind.
Result<ValueId> bias_vector(Context& cx, ValueId c, int64_t channels) {
  const Tensor* tensor = cx.constant(c);
  if (tensor == nullptr || tensor->quantization.per_axis()) return c;
  const bool row = tensor->size() == channels && tensor->rank() > 0 && tensor->shape().back() == channels;
  if (row) {
    if (tensor->rank() == 1) return c;
    QUERN_TRY(Tensor flat, tensor->reshaped({channels}));
    return cx.make_constant(cx.graph.value(c).name + "@o", std::move(flat));
  }
  if (tensor->size() != 1) return kNoValue;
  QUERN_TRY(Tensor filled, Tensor::make(tensor->dtype(), {channels}));
  const size_t unit = size_of(tensor->dtype());
  for (int64_t i = 0; i < channels; ++i) {
    std::memcpy(static_cast<std::byte*>(filled.mutable_raw()) + static_cast<size_t>(i) * unit, tensor->raw(), unit);
  }
  filled.quantization = tensor->quantization;
  return cx.make_constant(cx.graph.value(c).name + "@o", std::move(filled));
}

/// With constant weights and no factors it is a fully connected layer. Gives false when it is not.
Result<bool> emit_fully_connected(Context& cx, Node& node, const Gemm& g) {
  const Tensor* weights = cx.constant(g.b);
  const bool factors = g.alpha != 1 || (g.beta != 1 && g.c != kNoValue);
  if (weights == nullptr || weights->rank() != 2 || weights->empty() || g.transpose_a || factors) return false;
  const int64_t channels = weights->shape()[g.transpose_b ? 0 : 1];
  ValueId bias = kNoValue;
  if (g.c != kNoValue) {
    if (cx.constant(g.c) == nullptr) return false;
    QUERN_TRY(bias, bias_vector(cx, g.c, channels));
    if (bias == kNoValue) return false;
  }
  ValueId oi = g.b;
  if (!g.transpose_b) {
    QUERN_TRY(oi, matrix_weights(cx, g.b));
  }
  cx.emit(node, OpKind::FullyConnected, {g.a, oi, bias}, {node.outputs[0]}, ClampAttrs{node.clamp});
  return true;
}

/// value * factor, or value itself when the factor is 1.
ValueId scaled(Context& cx, const Node& node, ValueId value, float factor, const std::string& wish) {
  if (factor == 1) return value;
  const ValueId number = cx.make_constant(wish + "_factor", Tensor::of<float>({}, {factor}));
  const ValueId product = cx.make_like(wish, value);
  cx.emit_helper(OpKind::Mul, {value, number}, product, ClampAttrs{}, node.kind);
  return product;
}

Status read_gemm(Context& cx, Node& node) {
  Gemm g{node.inputs[0],
         node.inputs[1],
         node.inputs[2],
         node.attributes.number("alpha", 1),
         node.attributes.number("beta", 1),
         node.attributes.flag("transA", false),
         node.attributes.flag("transB", false)};
  QUERN_TRY(const bool plain, emit_fully_connected(cx, node, g));
  if (plain) return {};
  MatMulAttrs attrs;
  attrs.transpose_a = g.transpose_a;
  attrs.transpose_b = g.transpose_b;
  const std::string name = cx.graph.value(node.outputs[0]).name;
  if (g.alpha == 1 && g.c == kNoValue) {
    cx.emit(node, OpKind::MatMul, {g.a, g.b}, {node.outputs[0]}, attrs);
    return {};
  }
  const ValueId product = cx.make_like(name + "@product", g.a);
  cx.emit_helper(OpKind::MatMul, {g.a, g.b}, product, attrs, node.kind);
  if (g.c == kNoValue) {
    const ValueId factor = cx.make_constant(name + "@alpha", Tensor::of<float>({}, {g.alpha}));
    cx.emit(node, OpKind::Mul, {product, factor}, {node.outputs[0]});
    return {};
  }
  const ValueId left = scaled(cx, node, product, g.alpha, name + "@alpha");
  const ValueId right = scaled(cx, node, g.c, g.beta, name + "@beta");
  cx.emit(node, OpKind::Add, {left, right}, {node.outputs[0]});
  return {};
}

constexpr Row kRows[] = {
    {"Gemm", read_gemm, OpKind::FullyConnected, 2, 3, 1, Fold::linear, 0, true},
    {"MatMul", read_matmul, OpKind::MatMul, 2, 2, 1, Fold::linear, 0, true},
};

}  // namespace

std::span<const Row> linear_rows() {
  return kRows;
}

}  // namespace quern::onnx
