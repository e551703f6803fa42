// The names of attribute enumerators, in their order: what the text form prints and errors say.
#pragma once

#include <span>
#include <string_view>

#include "graph/op.h"

namespace quern {

inline constexpr std::string_view kAutoPadNames[] = {"explicit", "same_upper", "same_lower", "valid"};
inline constexpr std::string_view kPadModeNames[] = {"constant", "reflect", "edge", "wrap", "symmetric"};
inline constexpr std::string_view kResizeModeNames[] = {"nearest", "linear", "cubic"};
inline constexpr std::string_view kCoordinatesNames[] = {
    "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners",
    "asymmetric", "tf_half_pixel_for_nn", "tf_crop_and_resize"};
inline constexpr std::string_view kNearestModeNames[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"};
inline constexpr std::string_view kDepthOrderNames[] = {"dcr", "crd"};
inline constexpr std::string_view kAspectPolicyNames[] = {"stretch", "not_larger", "not_smaller"};

inline std::span<const std::string_view> names_of(AutoPad) {
  return kAutoPadNames;
}
inline std::span<const std::string_view> names_of(PadMode) {
  return kPadModeNames;
}
inline std::span<const std::string_view> names_of(ResizeMode) {
  return kResizeModeNames;
}
inline std::span<const std::string_view> names_of(Coordinates) {
  return kCoordinatesNames;
}
inline std::span<const std::string_view> names_of(NearestMode) {
  return kNearestModeNames;
}
inline std::span<const std::string_view> names_of(DepthOrder) {
  return kDepthOrderNames;
}
inline std::span<const std::string_view> names_of(AspectPolicy) {
  return kAspectPolicyNames;
}

/// Any of the enumerations above.
template <typename T>
concept NamedEnum = requires(T value) {
  names_of(value);
};

}  // namespace quern
