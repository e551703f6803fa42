// BlazeFace (front): anchors of unit size on two grids; per anchor a logit, a box and six landmarks in pixels.
#include <algorithm>

#include "base/error.h"
#include "tasks/detect.h"
#include "tasks/outputs.h"

namespace quern {

namespace {

constexpr int64_t kLandmarks = 6;
constexpr float kLogitLimit = 100;
constexpr const char* kNames[] = {"face"};

struct AnchorGrid {
  int64_t stride;
  int64_t anchors;  ///< of one cell, all at its centre
};
constexpr AnchorGrid kGrids[] = {{8, 2}, {16, 6}};

/// Anchor centres, in pixels of the model's frame.
std::vector<Point> make_anchors(const Geometry& geometry) {
  std::vector<Point> anchors;
  for (const AnchorGrid& grid : kGrids) {
    const int64_t columns = cells_along(geometry.model_width, grid.stride);
    const int64_t rows = cells_along(geometry.model_height, grid.stride);
    for (int64_t i = 0; i < rows * columns * grid.anchors; ++i) {
      const int64_t cell = i / grid.anchors;
      const auto stride = static_cast<float>(grid.stride);
      anchors.push_back(
          {(static_cast<float>(cell % columns) + 0.5F) * stride, (static_cast<float>(cell / columns) + 0.5F) * stride});
    }
  }
  return anchors;
}

Box box_at(const Cells& regressors, int64_t i, const Point& anchor) {
  const float x = anchor.x + regressors.at(i, 0);
  const float y = anchor.y + regressors.at(i, 1);
  const float half_width = regressors.at(i, 2) / 2;
  const float half_height = regressors.at(i, 3) / 2;
  Box box;
  box.left = x - half_width;
  box.top = y - half_height;
  box.right = x + half_width;
  box.bottom = y + half_height;
  for (int64_t k = 0; k < kLandmarks; ++k) {
    box.landmarks.push_back({anchor.x + regressors.at(i, 4 + 2 * k), anchor.y + regressors.at(i, 5 + 2 * k)});
  }
  return box;
}

}  // namespace

Result<TaskResult> decode_blazeface(const Decode& decode) {
  const std::vector<Point> anchors = make_anchors(decode.geometry);
  const auto count = static_cast<int64_t>(anchors.size());
  const Want wants[] = {{"classificators", count, 1}, {"regressors", count, 4 + 2 * kLandmarks}};
  QUERN_TRY(const std::vector<Cells> found, match_outputs(decode.task.name, decode.outputs, wants));
  std::vector<Box> boxes;
  for (int64_t i = 0; i < count; ++i) {
    const float score = sigmoid(std::clamp(found[0].at(i, 0), -kLogitLimit, kLogitLimit));
    if (!(score >= decode.score)) continue;
    boxes.push_back(box_at(found[1], i, anchors[static_cast<size_t>(i)]));
    boxes.back().score = score;
  }
  return to_result(suppress(std::move(boxes), {.iou = decode.iou, .per_class = false, .inclusive = false}), decode,
                   kNames, Clip::keep);
}

}  // namespace quern
