// Which element a nearest resize takes, by our rules and by TFLite's.
#pragma once

#include "graph/op.h"

namespace quern::tflite_writer {

/// How TFLite's two resizes place an output.
struct TflitePlacement {
  bool align_corners = false;
  bool half_pixel_centers = false;
};

/// The source of each of `out` outputs on an axis of `in` elements. Empty for coordinates that need more than extents.
std::vector<int64_t> nearest_sources(const ResizeAttrs& attrs, int64_t in, int64_t out, float scale);
std::vector<int64_t> nearest_sources(const TflitePlacement& placement, int64_t in, int64_t out);

}  // namespace quern::tflite_writer
