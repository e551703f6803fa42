// Cast between all element types. Floating point to integer truncates towards zero and saturates, NaN gives 0; integer
// to integer keeps the low bits; halves go through float32, rounded to nearest even; a boolean is "not 0".
#include <limits>
#include <type_traits>

#include "base/half.h"
#include "kernels/reference_kernel.h"

namespace quern {

namespace {

/// A half as an element of its own, so that uint16_t stays an integer.
struct Half {
  uint16_t bits;
};

template <typename To, typename From>
To cast_element(From from) {
  if constexpr (std::is_same_v<From, Half>) {
    return cast_element<To>(half_to_float(from.bits));
  } else if constexpr (std::is_same_v<To, Half>) {
    return {float_to_half(static_cast<float>(from))};
  } else if constexpr (std::is_same_v<To, bool>) {
    return from != From{0};
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    if (from != from) return To{0};
    if (from <= static_cast<From>(std::numeric_limits<To>::lowest())) return std::numeric_limits<To>::lowest();
    if (from >= static_cast<From>(std::numeric_limits<To>::max())) return std::numeric_limits<To>::max();
    return static_cast<To>(from);
  } else {
    return static_cast<To>(from);
  }
}

template <typename From, typename To>
std::unique_ptr<Kernel> make_cast(int64_t size) {
  return make_kernel([size](const Buffers& b, ThreadPool& pool) {
    pool.parallel_for(size, 16384, [&](int64_t begin, int64_t end) {
      const From* in = b.in<From>(0);
      To* out = b.out<To>(0);
      for (int64_t i = begin; i < end; ++i) out[i] = cast_element<To>(in[i]);
    });
  });
}

/// for_type over every element type, halves included.
template <typename Make>
std::unique_ptr<Kernel> for_any_type(DType type, Make make) {
  if (type == DType::float16) return make(Half{});
  if (type == DType::boolean) return make(bool{});
  return for_type(NumberTypes{}, type, make);
}

}  // namespace

std::unique_ptr<Kernel> cast_reference(const OpCall& call) {
  if (call.kind != OpKind::Cast || !plain(call)) return nullptr;
  const int64_t size = call.outputs[0].size();
  return for_any_type(call.inputs[0].dtype, [&](auto from) {
    return for_any_type(call.outputs[0].dtype, [&](auto to) { return make_cast<decltype(from), decltype(to)>(size); });
  });
}

}  // namespace quern
