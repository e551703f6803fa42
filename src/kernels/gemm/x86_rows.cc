// The rows of matrix products on x86.
#include "kernels/gemm/integer_product.h"
#include "kernels/gemm/x86.h"

namespace QUERN_X86_NAMESPACE {

std::unique_ptr<Kernel> product_int8_avx512vnni(const OpCall& call) {
  return make_integer_product(call, avx512vnni_int8_product(), avx512_store_integer);
}

std::unique_ptr<Kernel> product_int8_avx2(const OpCall& call) {
  return make_integer_product(call, avx2_int8_product(), avx2_store_integer);
}

}  // namespace QUERN_X86_NAMESPACE
