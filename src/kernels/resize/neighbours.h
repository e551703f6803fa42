// The two neighbours that a linear resize mixes, as ONNX Runtime weighs them.
#pragma once

#include <vector>

#include "kernels/resize/coordinates.h"

namespace quern {

/// For every output position of an axis.
struct Neighbours {
  std::vector<int64_t> first, second;
  std::vector<float> first_weight, second_weight;
};
Neighbours neighbours(const ResizeAxis& axis);

/// True for a linear resize of height and width alone, of channels-last values, with nothing out of the ordinary.
bool resizes_planes_linearly(const OpCall& call);

}  // namespace quern
