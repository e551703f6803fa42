// The rows of operators whose elements all do the same, on x86.
#include "kernels/lanes/lane_kernels.h"

namespace QUERN_X86_NAMESPACE {

std::unique_ptr<Kernel> lane_binary_int8_avx512(const OpCall& call) {
  return make_lane_binary(call, avx512_lanes());
}

std::unique_ptr<Kernel> lane_binary_int8_avx2(const OpCall& call) {
  return make_lane_binary(call, avx2_lanes());
}

std::unique_ptr<Kernel> lane_mean_avx512(const OpCall& call) {
  return make_lane_mean(call, avx512_lanes());
}

std::unique_ptr<Kernel> lane_mean_avx2(const OpCall& call) {
  return make_lane_mean(call, avx2_lanes());
}

std::unique_ptr<Kernel> lane_resize_int8_avx512(const OpCall& call) {
  return make_lane_resize(call, avx512_lanes());
}

std::unique_ptr<Kernel> lane_resize_int8_avx2(const OpCall& call) {
  return make_lane_resize(call, avx2_lanes());
}

std::unique_ptr<Kernel> lane_quantize_avx512(const OpCall& call) {
  return make_lane_quantize(call, avx512_lanes());
}

std::unique_ptr<Kernel> lane_quantize_avx2(const OpCall& call) {
  return make_lane_quantize(call, avx2_lanes());
}

std::unique_ptr<Kernel> lane_dequantize_avx512(const OpCall& call) {
  return make_lane_dequantize(call, avx512_lanes());
}

std::unique_ptr<Kernel> lane_dequantize_avx2(const OpCall& call) {
  return make_lane_dequantize(call, avx2_lanes());
}

std::unique_ptr<Kernel> lane_unary_float_avx512(const OpCall& call) {
  return make_lane_unary(call, avx512_lanes());
}

std::unique_ptr<Kernel> lane_unary_float_avx2(const OpCall& call) {
  return make_lane_unary(call, avx2_lanes());
}

std::unique_ptr<Kernel> lane_max_pool_float_avx512(const OpCall& call) {
  return make_lane_max_pool(call, avx512_lanes());
}

std::unique_ptr<Kernel> lane_max_pool_float_avx2(const OpCall& call) {
  return make_lane_max_pool(call, avx2_lanes());
}

std::unique_ptr<Kernel> lane_transpose_words_avx512(const OpCall& call) {
  return make_lane_transpose(call, avx512_lanes());
}

std::unique_ptr<Kernel> lane_transpose_words_avx2(const OpCall& call) {
  return make_lane_transpose(call, avx2_lanes());
}

}  // namespace QUERN_X86_NAMESPACE
