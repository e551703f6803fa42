// The rows of depthwise windows and pools on x86.
#include "kernels/gemm/x86.h"
#include "kernels/window/byte_maximum.h"
#include "kernels/window/depthwise.h"
#include "kernels/window/quad_window.h"
#include "kernels/window/window_run.h"

namespace QUERN_X86_NAMESPACE {

std::unique_ptr<Kernel> depthwise_int8_avx512vnni(const OpCall& call) {
  if (auto kernel = make_quad_window(call, avx512vnni_quads())) return kernel;
  if (auto kernel = make_window_run(call, avx512vnni_run_windows)) return kernel;
  return make_integer_depthwise(call, avx512vnni_int8_window(), avx512_store_integer);
}

std::unique_ptr<Kernel> depthwise_int8_avx2(const OpCall& call) {
  return make_integer_depthwise(call, avx2_int8_window(), avx2_store_integer);
}

std::unique_ptr<Kernel> depthwise_int16_avx512(const OpCall& call) {
  return make_wide_depthwise(call, avx512_int16_window(), {avx512_store_integer, avx512_store_words});
}

std::unique_ptr<Kernel> depthwise_int16_avx2(const OpCall& call) {
  return make_wide_depthwise(call, avx2_int16_window(), {avx2_store_integer, avx2_store_words});
}

std::unique_ptr<Kernel> depthwise_float_avx512(const OpCall& call) {
  return make_float_run(call, avx512_run_floats);
}

std::unique_ptr<Kernel> depthwise_float_avx2(const OpCall& call) {
  return make_float_run(call, avx2_run_floats);
}

std::unique_ptr<Kernel> max_pool_int8_avx2(const OpCall& call) {
  return make_byte_maximum(call, avx2_maximum);
}

}  // namespace QUERN_X86_NAMESPACE
