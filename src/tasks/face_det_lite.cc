// face_det_lite: one grid of stride 8; a face is a local maximum of the heat map. docs/tasks.md gives the formulas.
#include <algorithm>

#include "base/error.h"
#include "tasks/detect.h"
#include "tasks/outputs.h"

namespace quern {

namespace {

constexpr int64_t kStride = 8;
constexpr int64_t kLandmarks = 5;
constexpr const char* kNames[] = {"face"};

struct Grid {
  int64_t height;
  int64_t width;
};

/// Whether no neighbour is stronger. Equal neighbours both stay: a plateau gives several detections.
bool is_peak(const std::vector<float>& heat, Grid grid, int64_t y, int64_t x) {
  const float here = heat[static_cast<size_t>(y * grid.width + x)];
  for (int64_t v = std::max<int64_t>(y - 1, 0); v <= std::min(y + 1, grid.height - 1); ++v) {
    for (int64_t u = std::max<int64_t>(x - 1, 0); u <= std::min(x + 1, grid.width - 1); ++u) {
      if (heat[static_cast<size_t>(v * grid.width + u)] > here) return false;
    }
  }
  return true;
}

/// The bbox channels are distances in cells from the cell to the left, top, right and bottom. Reversed corners swap.
Box box_at(const Cells& bbox, const Cells& landmark, int64_t cell, Grid grid, bool whole_pixels) {
  const auto x = static_cast<float>(cell % grid.width);
  const auto y = static_cast<float>(cell / grid.width);
  float corner[4] = {(x - bbox.at(cell, 0)) * kStride, (y - bbox.at(cell, 1)) * kStride,
                     (x + bbox.at(cell, 2)) * kStride, (y + bbox.at(cell, 3)) * kStride};
  if (whole_pixels) {
    for (float& c : corner) c = std::trunc(c);
  }
  Box box;
  box.left = std::min(corner[0], corner[2]);
  box.top = std::min(corner[1], corner[3]);
  box.right = std::max(corner[0], corner[2]);
  box.bottom = std::max(corner[1], corner[3]);
  for (int64_t k = 0; k < kLandmarks; ++k) {  // five x, then five y
    box.landmarks.push_back({(landmark.at(cell, k) + x) * kStride, (landmark.at(cell, k + kLandmarks) + y) * kStride});
  }
  return box;
}

/// The published program's record of a box: width and height count both edges, the corner is clamped without them, and
/// the box grows by a tenth where the larger one still fits the frame.
Box published(Box box, float frame_width, float frame_height) {
  const float width = box.right - box.left + 1;
  const float height = box.bottom - box.top + 1;
  const float left = std::max(box.left, 0.0F);
  const float top = std::max(box.top, 0.0F);
  const float wide_left = left - std::floor(width / 20);
  const float wide_top = top - std::floor(height / 20);
  const float wide_width = std::floor(width * 11 / 10);
  const float wide_height = std::floor(height * 11 / 10);
  const bool fits = wide_left >= 0 && wide_top >= 0 && wide_width - 1 + wide_left < frame_width &&
                    wide_height - 1 + wide_top < frame_height;
  box.left = fits ? wide_left : left;
  box.top = fits ? wide_top : top;
  box.right = box.left + (fits ? wide_width : width);
  box.bottom = box.top + (fits ? wide_height : height);
  return box;
}

}  // namespace

Result<TaskResult> decode_face_det_lite(const Decode& decode) {
  const Geometry& geometry = decode.geometry;
  const Grid grid{cells_along(geometry.model_height, kStride), cells_along(geometry.model_width, kStride)};
  const int64_t cells = grid.height * grid.width;
  const Want wants[] = {{"heatmap", cells, 1}, {"bbox", cells, 4}, {"landmark", cells, 2 * kLandmarks}};
  QUERN_TRY(const std::vector<Cells> found, match_outputs(decode.task.name, decode.outputs, wants));
  std::vector<float> heat;
  for (int64_t cell = 0; cell < cells; ++cell) heat.push_back(sigmoid(found[0].at(cell, 0)));
  std::vector<Box> boxes;
  for (int64_t cell = 0; cell < cells; ++cell) {
    const float score = heat[static_cast<size_t>(cell)];
    if (!(score >= decode.score) || !is_peak(heat, grid, cell / grid.width, cell % grid.width)) continue;
    boxes.push_back(box_at(found[1], found[2], cell, grid, decode.options.published_boxes));
    boxes.back().score = score;
  }
  boxes = suppress(std::move(boxes), {.iou = decode.iou, .per_class = false, .inclusive = true});
  if (decode.options.published_boxes) {
    for (Box& box : boxes) {
      box = published(std::move(box), static_cast<float>(geometry.model_width),
                      static_cast<float>(geometry.model_height));
    }
  }
  return to_result(boxes, decode, kNames, Clip::keep);
}

}  // namespace quern
