// Matrix products.
#include <numeric>

#include "write/onnx/bias.h"
#include "write/onnx/rows.h"

namespace quern::onnx_writer {

namespace {

/// Gemm of matrices: `x` is [M, I] in the file already.
Status write_gemm(Context& cx, const Call& call, const std::string& x, const std::string& y) {
  QUERN_TRY(const std::string weights, cx.read(call.op.inputs[1]));
  QUERN_TRY(const std::string bias, read_bias(cx, call.op));
  cx.node("Gemm", call.op.name, {x, weights, bias}, {y}).integer("transB", 1);
  return {};
}

/// More than two axes, or one: the rows are made one axis, and several again behind it. Between, the values are
/// quantized as before and after, so that the product still stands between quantized values.
Status write_reshaped(Context& cx, const Call& call, const Clamp& clamp) {
  const Shape& in = call.input(cx, 0).shape;
  const Shape& out = call.output(cx).shape;
  const int64_t rows = std::accumulate(in.begin(), in.end() - 1, int64_t{1}, std::multiplies<>());
  const std::string base = cx.plain_name(call.op.outputs[0]);
  const std::string x = cx.moved("Reshape", call.in[0], call.op.inputs[0], base + "_rows", {rows, in.back()});
  const std::string product = cx.unique(base + "_product");
  QUERN_CHECK(write_gemm(cx, call, x, product));
  const std::string flat = cx.requantized(product, call.op.outputs[0], clamp);
  const std::string shape = cx.ints(base + "_shape", out);
  cx.node("Reshape", "", {flat, shape}, {call.give(cx)});
  return {};
}

Status write_fully_connected(Context& cx, Call& call) {
  const Clamp& clamp = call.as<ClampAttrs>().clamp;
  const size_t rank = call.input(cx, 0).shape.size();
  QUERN_TRY(std::string x, cx.read(call.op.inputs[0]));
  call.in = {std::move(x)};
  if (rank == 2) return write_gemm(cx, call, call.in[0], call.give(cx, 0, clamp));
  const bool quantized = cx.is_quantized(call.op.inputs[0]) || cx.is_quantized(call.op.inputs[1]);
  if (rank == 1 || (quantized && call.has_input(2))) return write_reshaped(cx, call, clamp);
  QUERN_TRY(const std::string weights, cx.read(call.op.inputs[1], {1, 0}));
  if (!call.has_input(2)) {
    cx.node("MatMul", call.op.name, {call.in[0], weights}, {call.give(cx, 0, clamp)});
    return {};
  }
  QUERN_TRY(const std::string bias, read_bias(cx, call.op));
  const std::string product = cx.unique(cx.plain_name(call.op.outputs[0]) + "_product");
  cx.node("MatMul", call.op.name, {call.in[0], weights}, {product});
  cx.node("Add", call.op.name + "_bias", {product, bias}, {call.give(cx, 0, clamp)});
  return {};
}

/// The last two axes change places.
Form swapped(size_t rank, bool swap) {
  Form form = as_is(rank);
  if (swap && rank > 1) std::swap(form[rank - 1], form[rank - 2]);
  return form;
}

Status write_matmul(Context& cx, Call& call) {
  const auto& attrs = call.as<MatMulAttrs>();
  QUERN_TRY(const std::string a,
            cx.read(call.op.inputs[0], swapped(call.input(cx, 0).shape.size(), attrs.transpose_a)));
  QUERN_TRY(const std::string b,
            cx.read(call.op.inputs[1], swapped(call.input(cx, 1).shape.size(), attrs.transpose_b)));
  cx.node("MatMul", call.op.name, {a, b}, {call.give(cx, 0, attrs.clamp)});
  return {};
}

constexpr Row kRows[] = {
    {OpKind::FullyConnected, "Gemm", write_fully_connected, Layout::own},
    {OpKind::MatMul, "MatMul", write_matmul, Layout::own},
};

}  // namespace

std::span<const Row> linear_rows() {
  return kRows;
}

}  // namespace quern::onnx_writer
