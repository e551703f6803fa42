// Where an output position of a resized axis lies in the input: ONNX Resize's coordinate transformations.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/kernel.h"

namespace quern {

/// One resized axis.
struct ResizeAxis {
  int64_t in = 1, out = 1;
  float scale = 1;                   ///< output extent by input extent, as the model says it (not always out / in)
  float roi_begin = 0, roi_end = 1;  ///< tf_crop_and_resize only, in parts of the input extent
  Coordinates coordinates = Coordinates::half_pixel;
};

/// Axis `axis` of a Resize whose attributes infer has completed.
ResizeAxis resize_axis(const OpCall& call, size_t axis);

/// The position in the input, in float32 as the runtimes compute it; it may be outside.
float source_position(const ResizeAxis& axis, int64_t out);

/// tf_crop_and_resize gives positions outside the input the extrapolation value; every other mode clamps them.
bool extrapolates(const ResizeAxis& axis, float position);

/// The input elements and weights of every output position: `count` of each, one position after the other.
struct AxisTaps {
  int64_t count = 1;
  std::vector<int64_t> indices;
  std::vector<double> weights;
};

/// Taps of the linear and cubic modes: weights sum to 1, indices are inside.
AxisTaps resize_taps(const ResizeAxis& axis, const ResizeAttrs& attrs);

}  // namespace quern
