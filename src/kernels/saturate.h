// A number as an element of a type that may not hold it.
#pragma once

#include <limits>
#include <type_traits>

namespace quern {

/// `value` as a T. For integers: truncated, what lies beyond the type becomes its end, and NaN becomes 0.
template <typename T>
T saturated(double value) {
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(value);
  } else {
    if (value != value) return T{0};
    if (value <= static_cast<double>(std::numeric_limits<T>::lowest())) return std::numeric_limits<T>::lowest();
    if (value >= static_cast<double>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
    return static_cast<T>(value);
  }
}

}  // namespace quern
