// The rows of operators that look bytes up or move them, on x86.
#include "kernels/bytes/byte_kernels.h"

namespace QUERN_X86_NAMESPACE {

std::unique_ptr<Kernel> byte_map_avx512vbmi(const OpCall& call) {
  return make_byte_map(call, avx512vbmi_map_bytes);
}

std::unique_ptr<Kernel> byte_map_avx2(const OpCall& call) {
  return make_byte_map(call, avx2_map_bytes);
}

std::unique_ptr<Kernel> byte_concat_avx512vbmi(const OpCall& call) {
  return make_byte_concat(call, avx512vbmi_map_bytes);
}

std::unique_ptr<Kernel> byte_concat_avx2(const OpCall& call) {
  return make_byte_concat(call, avx2_map_bytes);
}

std::unique_ptr<Kernel> byte_split_avx512vbmi(const OpCall& call) {
  return make_byte_split(call, avx512vbmi_map_bytes);
}

std::unique_ptr<Kernel> byte_split_avx2(const OpCall& call) {
  return make_byte_split(call, avx2_map_bytes);
}

std::unique_ptr<Kernel> byte_transpose_avx2(const OpCall& call) {
  return make_byte_transpose(call, avx2_transpose_bytes);
}

}  // namespace QUERN_X86_NAMESPACE
