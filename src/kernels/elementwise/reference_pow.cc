// Pow gives the type of its base. Two floats of one type use that precision, everything else is computed in double;
// integers to the power of integers are exact and wrap around, and a negative exponent truncates towards zero.
#include <cmath>
#include <limits>
#include <type_traits>

#include "kernels/elementwise/broadcast.h"

namespace quern {

namespace {

template <typename T>
T integer_power(T base, int64_t exponent) {
  if (exponent < 0) {
    if (base == 1) return 1;
    if (std::is_signed_v<T> && base == static_cast<T>(-1)) return exponent % 2 == 0 ? T{1} : static_cast<T>(-1);
    return 0;
  }
  uint64_t result = 1;
  auto square = static_cast<uint64_t>(base);
  for (auto rest = static_cast<uint64_t>(exponent); rest != 0; rest >>= 1) {
    if ((rest & 1) != 0) result *= square;
    square *= square;
  }
  return static_cast<T>(result);
}

/// Towards zero; beyond the type its ends, NaN is 0.
template <typename T>
T saturate(double value) {
  if (value != value) return 0;
  if (value <= static_cast<double>(std::numeric_limits<T>::lowest())) return std::numeric_limits<T>::lowest();
  if (value >= static_cast<double>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
  return static_cast<T>(value);
}

template <typename T, typename E>
T power(T base, E exponent) {
  if constexpr (std::is_integral_v<T> && std::is_integral_v<E>) {
    return integer_power(base, static_cast<int64_t>(exponent));
  } else if constexpr (std::is_same_v<T, E>) {
    return exponent == 2 ? base * base : std::pow(base, exponent);
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
  } else {
    return saturate<T>(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
  }
}

template <typename T, typename E>
std::unique_ptr<Kernel> make_pow(const OpCall& call) {
  return make_kernel([plan = prepare_broadcast<2>(call)](const Buffers& b, ThreadPool& pool) {
    const auto step = plan.strides.back();
    for_each_row(plan, pool, [&](int64_t at, const std::array<int64_t, 2>& offset, int64_t count) {
      const T* base = b.in<T>(0) + offset[0];
      const E* exponent = b.in<E>(1) + offset[1];
      T* out = b.out<T>(0) + at;
      for (int64_t i = 0; i < count; ++i) out[i] = power(base[i * step[0]], exponent[i * step[1]]);
    });
  });
}

}  // namespace

std::unique_ptr<Kernel> pow_reference(const OpCall& call) {
  if (call.kind != OpKind::Pow || !plain(call) || call.outputs[0].dtype != call.inputs[0].dtype) return nullptr;
  constexpr Types<float, double, int8_t, uint8_t, int32_t, int64_t> kTypes;
  return for_type(kTypes, call.inputs[0].dtype, [&](auto base) {
    return for_type(kTypes, call.inputs[1].dtype,
                    [&](auto exponent) { return make_pow<decltype(base), decltype(exponent)>(call); });
  });
}

}  // namespace quern
