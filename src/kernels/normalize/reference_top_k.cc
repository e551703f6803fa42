// TopK: the first k of an order that leaves no choice: by value, NaN after every number, equal ones by lower index.
#include <algorithm>
#include <numeric>
#include <vector>

#include "kernels/reference_kernel.h"

namespace quern {

namespace {

template <typename T, typename Index>
std::unique_ptr<Kernel> make_top_k(const OpCall& call) {
  const auto attrs = call.as<TopKAttrs>();
  const Shape& x = call.inputs[0].shape;
  const auto axis = static_cast<size_t>(attrs.axis);
  const int64_t extent = x[axis], inner = extent_product(x, axis + 1, x.size());
  const int64_t k = call.outputs[0].shape[axis];
  return make_kernel([=, lines = extent_product(x, 0, axis) * inner](const Buffers& b, ThreadPool& pool) {
    pool.parallel_for(lines, grain_for(extent * 16), [&](int64_t begin, int64_t end) {
      std::vector<int64_t> order(static_cast<size_t>(extent));
      for (int64_t line = begin; line < end; ++line) {
        const T* in = b.in<T>(0) + line / inner * inner * extent + line % inner;
        const auto before = [&](int64_t p, int64_t q) {
          const T u = in[p * inner], v = in[q * inner];
          if (u != u || v != v) return u == u || (v != v && p < q);
          return u == v ? p < q : (attrs.largest ? u > v : u < v);
        };
        std::iota(order.begin(), order.end(), int64_t{0});
        std::partial_sort(order.begin(), order.begin() + k, order.end(), before);
        for (int64_t i = 0; i < k; ++i) {
          const int64_t to = line / inner * inner * k + line % inner + i * inner, from = order[static_cast<size_t>(i)];
          b.out<T>(0)[to] = in[from * inner];
          if (b.outputs.size() > 1 && b.outputs[1] != nullptr) b.out<Index>(1)[to] = static_cast<Index>(from);
        }
      }
    });
  });
}

}  // namespace

std::unique_ptr<Kernel> top_k_reference(const OpCall& call) {
  if (call.kind != OpKind::TopK || !same_codes(call.inputs[0], call.outputs[0])) return nullptr;
  if (call.inputs[0].quantization.per_axis() ||
      call.outputs[0].shape[static_cast<size_t>(call.as<TopKAttrs>().axis)] >
          call.inputs[0].shape[static_cast<size_t>(call.as<TopKAttrs>().axis)]) {
    return nullptr;
  }
  const DType index = call.outputs.size() > 1 && call.outputs[1].present ? call.outputs[1].dtype : DType::int64;
  return for_type(NumberTypes{}, call.inputs[0].dtype, [&](auto t) {
    return for_type(Types<int32_t, int64_t>{}, index,
                    [&](auto i) { return make_top_k<decltype(t), decltype(i)>(call); });
  });
}

}  // namespace quern
