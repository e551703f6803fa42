// YuNet: three grids; per cell a class and an objectness probability, a box and five landmarks.
#include <algorithm>

#include "base/error.h"
#include "tasks/detect.h"
#include "tasks/outputs.h"

namespace quern {

namespace {

constexpr int64_t kStrides[] = {8, 16, 32};
constexpr int64_t kLandmarks = 5;
constexpr const char* kNames[] = {"face"};

struct Level {
  int64_t stride;
  int64_t width;
  Cells cls;
  Cells obj;
  Cells bbox;
  Cells kps;
};

Result<std::vector<Level>> find_levels(const Decode& decode) {
  constexpr struct {
    const char* name;
    int64_t channels;
  } kHeads[] = {{"cls", 1}, {"obj", 1}, {"bbox", 4}, {"kps", 2 * kLandmarks}};
  std::vector<Want> wants;
  for (const auto& head : kHeads) {
    for (int64_t stride : kStrides) {
      const int64_t cells =
          cells_along(decode.geometry.model_width, stride) * cells_along(decode.geometry.model_height, stride);
      wants.push_back({fmt::format("{}_{}", head.name, stride), cells, head.channels});
    }
  }
  QUERN_TRY(const std::vector<Cells> found, match_outputs(decode.task.name, decode.outputs, wants));
  std::vector<Level> levels;
  for (size_t i = 0; i < std::size(kStrides); ++i) {
    levels.push_back({kStrides[i], cells_along(decode.geometry.model_width, kStrides[i]), found[i], found[i + 3],
                      found[i + 6], found[i + 9]});
  }
  return levels;
}

Box box_at(const Level& level, int64_t cell) {
  const auto stride = static_cast<float>(level.stride);
  const auto column = static_cast<float>(cell % level.width);
  const auto row = static_cast<float>(cell / level.width);
  const float x = (column + level.bbox.at(cell, 0)) * stride;
  const float y = (row + level.bbox.at(cell, 1)) * stride;
  const float half_width = std::exp(level.bbox.at(cell, 2)) * stride / 2;
  const float half_height = std::exp(level.bbox.at(cell, 3)) * stride / 2;
  Box box;
  box.left = x - half_width;
  box.top = y - half_height;
  box.right = x + half_width;
  box.bottom = y + half_height;
  for (int64_t k = 0; k < kLandmarks; ++k) {  // x and y alternate
    box.landmarks.push_back(
        {(level.kps.at(cell, 2 * k) + column) * stride, (level.kps.at(cell, 2 * k + 1) + row) * stride});
  }
  return box;
}

}  // namespace

Result<TaskResult> decode_yunet(const Decode& decode) {
  QUERN_TRY(const std::vector<Level> levels, find_levels(decode));
  std::vector<Box> boxes;
  for (const Level& level : levels) {
    for (int64_t cell = 0; cell < level.cls.count; ++cell) {
      const float score =
          std::sqrt(std::clamp(level.cls.at(cell, 0), 0.0F, 1.0F) * std::clamp(level.obj.at(cell, 0), 0.0F, 1.0F));
      if (!(score >= decode.score)) continue;
      boxes.push_back(box_at(level, cell));
      boxes.back().score = score;
    }
  }
  return to_result(suppress(std::move(boxes), {.iou = decode.iou, .per_class = false, .inclusive = false}), decode,
                   kNames, Clip::keep);
}

}  // namespace quern
