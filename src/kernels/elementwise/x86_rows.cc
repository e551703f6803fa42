// The rows of element-wise operators on x86.
#include "kernels/elementwise/stored_binary.h"
#include "kernels/gemm/x86.h"

namespace QUERN_X86_NAMESPACE {

std::unique_ptr<Kernel> binary_int8_avx512(const OpCall& call) {
  return make_stored_binary(call, avx512_store_integer, avx512_store_real);
}

std::unique_ptr<Kernel> binary_int8_avx2(const OpCall& call) {
  return make_stored_binary(call, avx2_store_integer, avx2_store_real);
}

}  // namespace QUERN_X86_NAMESPACE
