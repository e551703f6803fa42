// ArgMax and ArgMin. Codes rise with the reals they stand for, so values quantized per tensor are compared as they are.
#include "kernels/reference_kernel.h"

namespace quern {

namespace {

template <typename T, typename Index>
std::unique_ptr<Kernel> make_arg(const OpCall& call) {
  const auto& attrs = call.as<ArgAttrs>();
  const Shape& in = call.inputs[0].shape;
  const auto axis = static_cast<size_t>(attrs.axis);
  const int64_t extent = in.empty() ? 1 : in[axis];
  const int64_t inner = in.empty() ? 1 : extent_product(in, axis + 1, in.size());
  const bool greatest = call.kind == OpKind::ArgMax, last = attrs.select_last_index;
  return make_kernel([=, size = call.outputs[0].size()](const Buffers& b, ThreadPool& pool) {
    pool.parallel_for(size, grain_for(extent), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const T* line = b.in<T>(0) + i / inner * inner * extent + i % inner;
        int64_t best = 0;
        for (int64_t k = 1; k < extent; ++k) {
          const T now = line[k * inner], then = line[best * inner];
          if ((greatest ? now > then : now < then) || (last && now == then)) best = k;
        }
        b.out<Index>(0)[i] = static_cast<Index>(best);
      }
    });
  });
}

}  // namespace

std::unique_ptr<Kernel> arg_reference(const OpCall& call) {
  if ((call.kind != OpKind::ArgMax && call.kind != OpKind::ArgMin) || call.inputs[0].quantization.per_axis())
    return nullptr;
  return for_type(NumberTypes{}, call.inputs[0].dtype, [&](auto t) {
    return for_type(Types<int32_t, int64_t>{}, call.outputs[0].dtype,
                    [&](auto index) { return make_arg<decltype(t), decltype(index)>(call); });
  });
}

}  // namespace quern
