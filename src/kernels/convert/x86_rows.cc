// The rows of conversions on x86.
#include "kernels/convert/vector_quantize.h"
#include "kernels/gemm/x86.h"

namespace QUERN_X86_NAMESPACE {

std::unique_ptr<Kernel> quantize_avx512(const OpCall& call) {
  return make_vector_quantize(call, avx512_store_real);
}

std::unique_ptr<Kernel> quantize_avx2(const OpCall& call) {
  return make_vector_quantize(call, avx2_store_real);
}

}  // namespace QUERN_X86_NAMESPACE
