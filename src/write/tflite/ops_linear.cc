// Matrix products.
#include "write/tflite/operands.h"
#include "write/tflite/weights.h"

namespace quern::tflite_writer {

namespace {

Status write_fully_connected(Call& call) {
  Indices inputs = {call.read(0)};
  QUERN_TRY(const int weights, read_weights(call));
  inputs.push_back(weights);
  inputs.push_back(read_bias(call));
  const auto [y, fused] = call.give_clamped(call.as<ClampAttrs>().clamp);
  schema::FullyConnectedOptionsT options;
  options.activation = fused;
  options.keep_num_dims = call.input(0).shape.size() != 2;
  call.cx.op(B::FULLY_CONNECTED, inputs, {y}, std::move(options));
  return {};
}

Status write_matmul(Call& call) {
  const auto& attrs = call.as<MatMulAttrs>();
  for (size_t i = 0; i < 2; ++i) {
    if (call.input(i).shape.size() >= 2 && call.input(i).shape.size() <= 5) continue;
    return call.fail(ErrorCode::unsupported, "operand {} has {} axes; TFLite's BATCH_MATMUL takes 2 to 5", i,
                     call.input(i).shape.size());
  }
  const Indices inputs = {call.read(0), call.read(1)};
  schema::BatchMatMulOptionsT options;
  options.adj_x = attrs.transpose_a;
  options.adj_y = attrs.transpose_b;
  call.cx.op(B::BATCH_MATMUL, inputs, {call.give_clamped_behind(attrs.clamp)}, std::move(options));
  return {};
}

constexpr Row kRows[] = {
    {OpKind::FullyConnected, B::FULLY_CONNECTED, write_fully_connected, has_integer_weights},
    {OpKind::MatMul, B::BATCH_MATMUL, write_matmul, all_int8},
};

}  // namespace

std::span<const Row> linear_rows() {
  return kRows;
}

}  // namespace quern::tflite_writer
