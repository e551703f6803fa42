// Where: a choice between two values, element by element. Nothing is computed, so every type of one size is the same.
#include "kernels/elementwise/broadcast.h"

namespace quern {

namespace {

template <typename T>
std::unique_ptr<Kernel> make_where(const OpCall& call) {
  return make_kernel([plan = prepare_broadcast<3>(call)](const Buffers& b, ThreadPool& pool) {
    const auto step = plan.strides.back();
    for_each_row(plan, pool, [&](int64_t at, const std::array<int64_t, 3>& offset, int64_t count) {
      const auto* condition = b.in<uint8_t>(0) + offset[0];
      const T* yes = b.in<T>(1) + offset[1];
      const T* no = b.in<T>(2) + offset[2];
      T* out = b.out<T>(0) + at;
      for (int64_t i = 0; i < count; ++i) {
        out[i] = condition[i * step[0]] != 0 ? yes[i * step[1]] : no[i * step[2]];
      }
    });
  });
}

}  // namespace

std::unique_ptr<Kernel> where_reference(const OpCall& call) {
  if (call.kind != OpKind::Where || call.inputs[0].dtype != DType::boolean) return nullptr;
  if (!same_codes(call.inputs[1], call.outputs[0]) || !same_codes(call.inputs[2], call.outputs[0])) return nullptr;
  switch (size_of(call.outputs[0].dtype)) {
    case 1:
      return make_where<uint8_t>(call);
    case 2:
      return make_where<uint16_t>(call);
    case 4:
      return make_where<uint32_t>(call);
    default:
      return make_where<uint64_t>(call);
  }
}

}  // namespace quern
