// OneHot: an axis of `depth` is put in, along which one element is `on` and the others are `off`. Negative indices
// count from the end; one outside leaves its whole line off.
#include <cstring>

#include "kernels/reference_kernel.h"

namespace quern {

namespace {

template <typename I>
std::unique_ptr<Kernel> make_one_hot(const OpCall& call, size_t values) {
  const Shape& out = call.outputs[0].shape;
  const auto axis = static_cast<size_t>(call.as<OneHotAttrs>().axis);
  const int64_t depth = out[axis], inner = extent_product(out, axis + 1, out.size());
  const size_t element = size_of(call.outputs[0].dtype);
  return make_kernel([=, size = call.outputs[0].size()](const Buffers& b, ThreadPool& pool) {
    const auto* pair = b.in<std::byte>(values);
    pool.parallel_for(size, 4096, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const auto index = static_cast<int64_t>(b.in<I>(0)[i / (depth * inner) * inner + i % inner]);
        const bool on = i / inner % depth == (index < 0 ? index + depth : index);
        std::memcpy(b.out<std::byte>(0) + i * static_cast<int64_t>(element), pair + (on ? element : 0), element);
      }
    });
  });
}

}  // namespace

std::unique_ptr<Kernel> one_hot_reference(const OpCall& call) {
  if (call.kind != OpKind::OneHot) return nullptr;
  // The depth, a parameter, stood between the two and may have left no gap.
  const size_t values = call.has_input(2) ? 2 : 1;
  if (!call.has_input(values) || !same_codes(call.inputs[values], call.outputs[0])) return nullptr;
  return for_type(Types<int32_t, int64_t, uint8_t, int8_t>{}, call.inputs[0].dtype,
                  [&](auto i) { return make_one_hot<decltype(i)>(call, values); });
}

}  // namespace quern
