#include "kernels/resize/neighbours.h"

#include <algorithm>
#include <cmath>

namespace quern {

Neighbours neighbours(const ResizeAxis& axis) {
  Neighbours n;
  const auto last = static_cast<float>(axis.in - 1);
  for (int64_t i = 0; i < axis.out; ++i) {
    const float position = std::clamp(source_position(axis, i), 0.0f, last);
    const int64_t first = std::min(static_cast<int64_t>(position), axis.in - 1);
    const int64_t second = std::min(first + 1, axis.in - 1);
    n.first.push_back(first);
    n.second.push_back(second);
    // On the last element both neighbours are the same, and share the weight.
    n.first_weight.push_back(first == second ? 0.5f : std::abs(position - static_cast<float>(second)));
    n.second_weight.push_back(first == second ? 0.5f : std::abs(position - static_cast<float>(first)));
  }
  return n;
}

bool resizes_planes_linearly(const OpCall& call) {
  if (call.kind != OpKind::Resize || call.inputs[0].size() == 0 || call.inputs[0].shape.size() != 4) return false;
  const auto& attrs = call.as<ResizeAttrs>();
  const Shape& in = call.inputs[0].shape;
  const Shape& out = call.outputs[0].shape;
  return attrs.mode == ResizeMode::linear && !attrs.antialias && !attrs.exclude_outside &&
         attrs.coordinates != Coordinates::tf_crop_and_resize && in[0] == out[0] && in[3] == out[3];
}

}  // namespace quern
