// What is about extents: Shape, Size, Fill, Range.
#include <algorithm>
#include <cstring>
#include <type_traits>
#include <vector>

#include "kernels/move/index_map.h"
#include "kernels/reference_kernel.h"

namespace quern {

namespace {

/// A kernel whose output is known already.
template <typename T>
std::unique_ptr<Kernel> make_known(const std::vector<int64_t>& values) {
  return make_kernel([values](const Buffers& b, ThreadPool&) {
    for (size_t i = 0; i < values.size(); ++i) b.out<T>(0)[i] = static_cast<T>(values[i]);
  });
}

std::unique_ptr<Kernel> known(const OpCall& call, const std::vector<int64_t>& values) {
  return for_type(Types<int32_t, int64_t>{}, call.outputs[0].dtype,
                  [&](auto t) { return make_known<decltype(t)>(values); });
}

template <typename T>
std::unique_ptr<Kernel> make_range(const OpCall& call) {
  return make_kernel([size = call.outputs[0].size()](const Buffers& b, ThreadPool&) {
    const T start = *b.in<T>(0), delta = *b.in<T>(2);
    for (int64_t i = 0; i < size; ++i) {
      if constexpr (std::is_floating_point_v<T>) {
        b.out<T>(0)[i] = start + static_cast<T>(i) * delta;
      } else {
        b.out<T>(0)[i] =
            static_cast<T>(static_cast<uint64_t>(start) + static_cast<uint64_t>(i) * static_cast<uint64_t>(delta));
      }
    }
  });
}

}  // namespace

std::unique_ptr<Kernel> shape_reference(const OpCall& call) {
  if (call.kind == OpKind::Size) return known(call, {call.inputs[0].size()});
  if (call.kind != OpKind::Shape) return nullptr;
  const Shape& in = call.inputs[0].shape;
  const auto& attrs = call.as<ShapeOfAttrs>();
  const auto rank = static_cast<int64_t>(in.size());
  const auto settled = [&](int64_t axis) { return std::clamp<int64_t>(axis < 0 ? axis + rank : axis, 0, rank); };
  const int64_t start = settled(attrs.start), end = std::max(start, settled(attrs.end));
  return known(call, {in.begin() + start, in.begin() + end});
}

std::unique_ptr<Kernel> fill_reference(const OpCall& call) {
  if (call.kind != OpKind::Fill) return nullptr;
  const Operand& out = call.outputs[0];
  return make_kernel([element = element_bytes(out.dtype, out.quantization, call.as<FillAttrs>().value),
                      size = out.size()](const Buffers& b, ThreadPool&) {
    const auto step = static_cast<int64_t>(element.size());
    for (int64_t i = 0; i < size; ++i) std::memcpy(b.out<std::byte>(0) + i * step, element.data(), element.size());
  });
}

std::unique_ptr<Kernel> range_reference(const OpCall& call) {
  if (call.kind != OpKind::Range || !plain(call) || !all_of_type(call, call.outputs[0].dtype)) return nullptr;
  return for_type(Types<float, double, int16_t, int32_t, int64_t>{}, call.outputs[0].dtype,
                  [&](auto t) { return make_range<decltype(t)>(call); });
}

}  // namespace quern
