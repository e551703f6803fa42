// The rows of matrix products on x86.
#include "kernels/gemm/block_product.h"
#include "kernels/gemm/float_product.h"
#include "kernels/gemm/integer_product.h"
#include "kernels/gemm/wide_product.h"
#include "kernels/gemm/x86.h"

namespace QUERN_X86_NAMESPACE {

std::unique_ptr<Kernel> product_int8_amx(const OpCall& call) {
  return make_block_product(call, amx_int8_blocks(), avx512_store_integer);
}

std::unique_ptr<Kernel> product_int8_avx512vnni(const OpCall& call) {
  return make_integer_product(call, avx512vnni_int8_product(), avx512_store_integer);
}

std::unique_ptr<Kernel> product_int8_avxvnni(const OpCall& call) {
  return make_integer_product(call, avxvnni_int8_product(), avx2_store_integer);
}

std::unique_ptr<Kernel> product_int8_avx2(const OpCall& call) {
  return make_integer_product(call, avx2_int8_product(), avx2_store_integer);
}

std::unique_ptr<Kernel> product_int16_avx512(const OpCall& call) {
  return make_wide_product(call, avx512_int16_product(), {avx512_store_integer, avx512_store_words});
}

std::unique_ptr<Kernel> product_int16_avx2(const OpCall& call) {
  return make_wide_product(call, avx2_int8_product(), {avx2_store_integer, avx2_store_words});
}

std::unique_ptr<Kernel> product_float_avx512(const OpCall& call) {
  return make_float_product(call, avx512_float_product());
}

std::unique_ptr<Kernel> product_float_avx2(const OpCall& call) {
  return make_float_product(call, avx2_float_product());
}

}  // namespace QUERN_X86_NAMESPACE
